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

static void addresses_of_version_6_are_read(void **state)
{
    (void)state;
    struct host_address a;
    static const struct {
        const char *text;
        uint8_t ip[16];
    } six[] = {
        {"tcp:[::]:7", {0}},
        {"tcp:[::1]:7", {[15] = 1}},
        {"tcp:[1::]:7", {[1] = 1}},
        {"tcp:[fe80::A:b0c:12]:7", {0xfe, 0x80, [11] = 10, 11, 12, 0, 0x12}},
        {"tcp:[1:2:3:4:5:6:7:8]:7", {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8}},
        {"tcp:[::2:3:4:5:6:7:ffff]:7", {0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 255, 255}},
        {"tcp:[1:2:3:4:5:6:7::]:7", {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0}},
    };
    for (size_t i = 0; i < sizeof(six) / sizeof(six[0]); i++) {
        assert_true(address_parse(six[i].text, &a));
        assert_int_equal(a.network, HOST_TCP6);
        assert_int_equal(a.port, 7);
        assert_memory_equal(a.ip6, six[i].ip, sizeof(a.ip6));
    }
}

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
        "tcp:[",
        "tcp:[]:1",
        "tcp:[:]:1",
        "tcp:[:::]:1",
        "tcp:[::1",
        "tcp:[::1]",
        "tcp:[::1]:",
        "tcp:[::1]1",
        "tcp:[::1]:65536",
        "tcp:[1]:1",
        "tcp:[:1::]:1",
        "tcp:[1:]:1",
        "tcp:[1::2::3]:1",
        "tcp:[12345::]:1",
        "tcp:[::g]:1",
        "tcp:[::1.2.3.4]:1",
        "tcp:[fe80::1%1]:1",
        "tcp:[1:2:3:4:5:6:7]:1",
        "tcp:[1:2:3:4:5:6:7:8:9]:1",
        "tcp:[1:2:3:4:5:6:7:8::]:1",
        "tcp:[::1:2:3:4:5:6:7:8]:1",
        "tcp:::1:1",
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
        cmocka_unit_test(addresses_of_version_6_are_read),
        cmocka_unit_test(addresses_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
