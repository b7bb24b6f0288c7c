// SPDX-License-Identifier: Apache-2.0
//
// Lane of programs: memcpy and its like as the runtime calls them. ThreadSanitizer intercepts those
// of all objects, and would book what the runtime moves on the goroutine that is just there: who
// hands an element over writes to the stack of who waits. Linked with --wrap (see BUILD); what
// is instrumented calls ThreadSanitizer by other names.
#include <stddef.h>

void *__sanitizer_internal_memcpy(void *to, const void *from, size_t n);
void *__sanitizer_internal_memmove(void *to, const void *from, size_t n);
void *__sanitizer_internal_memset(void *to, int byte, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n);
void *__wrap_memset(void *to, int byte, size_t n);

void *__wrap_memcpy(void *to, const void *from, size_t n)
{
    return __sanitizer_internal_memcpy(to, from, n);
}

void *__wrap_memmove(void *to, const void *from, size_t n)
{
    return __sanitizer_internal_memmove(to, from, n);
}

void *__wrap_memset(void *to, int byte, size_t n)
{
    return __sanitizer_internal_memset(to, byte, n);
}
