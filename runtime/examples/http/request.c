// SPDX-License-Identifier: Apache-2.0
#include "runtime/examples/http/request.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

// What is left of the text.
struct rest {
    const char *at, *end;
};

struct span {
    const char *at;
    size_t n;
};

size_t request_end(const char *text, size_t from, size_t n)
{
    size_t at = from > 3 ? from - 3 : 0; // the end may have come in two parts
    const char *found = memmem(text + at, n - at, "\r\n\r\n", 4);
    return found != NULL ? (size_t)(found - text) + 4 : 0;
}

static bool is_letter_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static struct span name(struct rest *r)
{
    struct span s = {r->at, 0};
    while (r->at < r->end && is_letter_of_name(*r->at))
        r->at++;
    s.n = (size_t)(r->at - s.at);
    return s;
}

// Visible characters.
static struct span word(struct rest *r)
{
    struct span s = {r->at, 0};
    while (r->at<r->end && * r->at> ' ' && *r->at < 127)
        r->at++;
    s.n = (size_t)(r->at - s.at);
    return s;
}

static bool skip(struct rest *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool is(struct span s, const char *what)
{
    return s.n == strlen(what) && strncasecmp(s.at, what, s.n) == 0;
}

static bool line_ends(struct rest *r)
{
    if (r->end - r->at < 2 || r->at[0] != '\r' || r->at[1] != '\n')
        return false;
    r->at += 2;
    return true;
}

static int request_line(struct rest *r, struct request *to, bool *needs_host)
{
    struct span method = name(r);
    if (method.n == 0 || !skip(r, ' '))
        return 400;
    struct span target = word(r);
    if (target.n == 0 || target.at[0] != '/' || !skip(r, ' '))
        return 400;
    struct span version = word(r);
    if (version.n != 8 || memcmp(version.at, "HTTP/", 5) != 0 || !line_ends(r))
        return 400;
    *needs_host = memcmp(version.at, "HTTP/1.1", 8) == 0;
    if (!*needs_host && memcmp(version.at, "HTTP/1.0", 8) != 0)
        return 505;
    to->keep_alive = *needs_host;
    to->target = target.at;
    to->target_bytes = target.n;
    to->head = method.n == 4 && memcmp(method.at, "HEAD", 4) == 0; // case matters here
    return to->head || (method.n == 3 && memcmp(method.at, "GET", 3) == 0) ? 200 : 405;
}

// Without the blanks around it; false when it holds what no value may hold.
static bool value(struct rest *r, struct span *v)
{
    while (skip(r, ' ') || skip(r, '\t'))
        ;
    *v = (struct span){r->at, 0};
    while (r->at < r->end && (*r->at == '\t' || (unsigned char)*r->at >= ' ') && *r->at != 127)
        r->at++;
    v->n = (size_t)(r->at - v->at);
    while (v->n > 0 && (v->at[v->n - 1] == ' ' || v->at[v->n - 1] == '\t'))
        v->n--;
    return line_ends(r);
}

// Words of a list, with commas and blanks between them.
static void connection(struct span list, struct request *to)
{
    struct rest r = {list.at, list.at + list.n};
    while (r.at < r.end) {
        struct span option = name(&r);
        if (is(option, "close"))
            to->keep_alive = false;
        else if (is(option, "keep-alive"))
            to->keep_alive = true;
        if (option.n == 0)
            r.at++;
    }
}

struct fields {
    uint32_t hosts, lengths;
};

static int field(struct span name, struct span v, struct request *to, struct fields *seen)
{
    if (is(name, "Transfer-Encoding"))
        return 501;
    if (is(name, "Host"))
        return seen->hosts++ == 0 ? 200 : 400;
    if (is(name, "Connection"))
        connection(v, to);
    if (!is(name, "Content-Length"))
        return 200;
    if (seen->lengths++ != 0 || v.n == 0)
        return 400;
    for (size_t i = 0; i < v.n; i++)
        if (v.at[i] < '0' || v.at[i] > '9')
            return 400;
    return v.n == 1 && v.at[0] == '0' ? 200 : 413;
}

int request_parse(const char *text, size_t n, struct request *to)
{
    struct rest r = {text, text + n};
    struct fields seen = {0};
    bool needs_host = false;
    *to = (struct request){0};
    int status = request_line(&r, to, &needs_host);
    while (status == 200 && !line_ends(&r)) {
        struct span is_called = name(&r), v;
        if (is_called.n == 0 || !skip(&r, ':') || !value(&r, &v))
            return 400;
        status = field(is_called, v, to, &seen);
    }
    if (status == 200 && (r.at != r.end || (needs_host && seen.hosts == 0)))
        return 400;
    return status;
}
