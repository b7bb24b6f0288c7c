// SPDX-License-Identifier: Apache-2.0
//
// Addresses as text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <string.h>

#include "runtime/net/address.h"

static void addresses_are_read_as_they_are_written(void **state)
{
    (void)state;
    struct host_address a;
    assert_true(address_parse("tcp:127.0.0.1:0", &a));
    assert_int_equal(a.ip, 0x7f000001);
    assert_int_equal(a.port, 0);
    assert_true(address_parse("tcp:255.0.20.1:65535", &a));
    assert_int_equal(a.ip, 0xff001401);
    assert_int_equal(a.port, 65535);
    assert_true(address_parse("unix:/a/b", &a));
    assert_string_equal(a.path, "/a/b");
    static const char *const wrong[] = {
        "",
        "tcp:",
        "tcp:1.2.3.4",
        "tcp:1.2.3.4:",
        "tcp:1.2.3.4:65536",
        "tcp:1.2.3",
        "tcp:256.1.1.1:1",
        "tcp:1.2.3.4:1 ",
        "tcp:01.2.3.4:1",
        "tcp:1.2.3.4.5:1",
        "tcp:-1.2.3.4:1",
        "udp:1.2.3.4:1",
        "unix:",
        "tcp:1..2.3:1",
        "unix",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(address_parse(wrong[i], &a));
    char longest[120];
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "unix:", 5);
    longest[5 + sizeof(a.path) - 1] = 0;
    assert_true(address_parse(longest, &a));
    longest[5 + sizeof(a.path) - 1] = 'a';
    longest[5 + sizeof(a.path)] = 0;
    assert_false(address_parse(longest, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
