// SPDX-License-Identifier: Apache-2.0
//
// The faults of subject.h. Volatile keeps the compiler from deciding them at compile time.
#include "ci/bazel/selftest/subject.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int counter; // unprotected on purpose

static void *adder(void *arg)
{
    for (int i = 0; i < 1000; i++)
        counter += *(int *)arg;
    return NULL;
}

int subject_race(void)
{
    pthread_t t[2];
    int one = 1;

    for (int i = 0; i < 2; i++) {
        if (pthread_create(&t[i], NULL, adder, &one) != 0)
            abort();
    }
    for (int i = 0; i < 2; i++)
        (void)pthread_join(t[i], NULL);
    return counter > 0 ? 2000 : 0;
}

int subject_read_heap(int index)
{
    char *block = malloc(16);
    int value;

    if (block == NULL)
        abort();
    memset(block, 1, 16);
    value = *(volatile char *)(block + index);
    free(block);
    return value;
}

int subject_branch(int x)
{
    if (x > 7)
        return subject_read_heap(3);
    return -x;
}
