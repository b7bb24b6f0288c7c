// SPDX-License-Identifier: Apache-2.0
//
// Heads of requests: what is answered, and with which status everything else is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runtime/examples/http/request.h"

// In a piece of memory that ends where the text does.
static int status_of(const char *text, struct request *r)
{
    size_t n = strlen(text);
    char *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, text, n);
    assert_int_equal(request_end(copy, 0, n), n);
    int status = request_parse(copy, n, r);
    free(copy);
    return status;
}

static void plain_requests_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool head, keep_alive;
    } good[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", false, true},
        {"HEAD /a?b=%20 HTTP/1.1\r\nhOsT:\r\n\r\n", true, true},
        {"GET / HTTP/1.0\r\n\r\n", false, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false, true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: te, close ,x\r\n\r\n", false, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", false, true},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", false, true},
        {"GET / HTTP/1.1\r\nHost: a\r\nX:\t\x80\xff y \t\r\n\r\n", false, true},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct request r;
        assert_int_equal(status_of(good[i].text, &r), 200);
        assert_int_equal(r.head, good[i].head);
        assert_int_equal(r.keep_alive, good[i].keep_alive);
    }
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *text;
    } bad[] = {
        {400, "\r\n\r\n"},
        {400, "GET\r\n\r\n"},
        {400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
        {400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /\r\nHost: a\r\n\r\n"},
        {400, "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/1.1\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"}, // no host
        {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n: none\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nnone\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"},
        {405, "POST / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {405, "get / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {413, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"},
        {413, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 00\r\n\r\n"},
        {501, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct request r;
        int status = status_of(bad[i].text, &r);
        if (status != bad[i].status)
            fail_msg("%d, not %d: %s", status, bad[i].status, bad[i].text);
    }
}

static void a_zero_byte_is_refused(void **state)
{
    (void)state;
    static const char where[] = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n";
    for (size_t i = 0; i + 5 < sizeof(where); i++) {
        char text[sizeof(where)];
        struct request r;
        memcpy(text, where, sizeof(where));
        text[i] = 0;
        assert_int_not_equal(request_parse(text, sizeof(text) - 1, &r), 200);
    }
}

static void an_end_in_parts_is_found(void **state)
{
    (void)state;
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
    size_t end = strlen(text) - 4;
    for (size_t n = 0; n <= strlen(text); n++) // what has come so far
        for (size_t from = 0; from <= n && from < end; from++)
            assert_int_equal(request_end(text, from, n), n >= end ? end : 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_requests_are_understood),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(an_end_in_parts_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
