// SPDX-License-Identifier: Apache-2.0
//
// The head of an HTTP/1.1 request, as strict as RFC 9112 lets a server be: what is not plainly
// right is refused, so that two readers of the same bytes cannot differ about where a request ends.
// Requests with a body are refused, too.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { REQUEST_HEAD_BYTES = 4096 }; // a longer head is refused

struct request {
    const char *target; // in the text
    size_t target_bytes;
    bool head;       // HEAD: the answer has no body
    bool keep_alive; // another request may follow
};

// Bytes up to and with the blank line that ends the head; 0: it is not in text[0 .. n). Everything
// before `from` has been looked at by an earlier call.
size_t request_end(const char *text, size_t from, size_t n);
// Status of the answer to the whole head text[0 .. n): 200, or why it is refused. After a refusal
// nothing is known about what follows.
int request_parse(const char *text, size_t n, struct request *r);
