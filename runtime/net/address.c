// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/address.h"

#include <string.h>

// A decimal number without sign or leading zeros, and `end` behind it; *at moves past both.
static bool number(const char **at, uint32_t most, char end, uint32_t *n)
{
    const char *p = *at;
    uint32_t value = 0;
    do {
        if (*p < '0' || *p > '9' || (value == 0 && p != *at))
            return false;
        value = 10 * value + (uint32_t)(*p - '0');
        if (value > most)
            return false;
        p++;
    } while (*p != end);
    *at = end != 0 ? p + 1 : p;
    *n = value;
    return true;
}

static bool parse_tcp(const char *at, struct host_address *address)
{
    uint32_t part = 0;
    for (int i = 0; i < 4; i++) {
        if (!number(&at, 255, i < 3 ? '.' : ':', &part))
            return false;
        address->ip = address->ip << 8 | part;
    }
    if (!number(&at, 65535, 0, &part))
        return false;
    address->port = (uint16_t)part;
    return true;
}

// One to four digits.
static bool hex_group(const char **at, uint32_t *group)
{
    const char *p = *at;
    uint32_t value = 0;
    for (; p < *at + 5; p++) {
        char c = *p;
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            value = value << 4 | (uint32_t)((c | 32) - 'a' + 10);
        else
            break;
    }
    bool good = p > *at && p < *at + 5;
    *at = p;
    *group = value;
    return good;
}

// Up to the bracket: eight groups, or fewer and one `::` for the zeros in between. No version 4 in
// its end, no zone.
static bool parse_ip6(const char **at, uint8_t ip[16])
{
    uint32_t group[8];
    int n = 0, gap = -1;
    const char *p = *at;
    if (p[0] == ':' && p[1] == ':') {
        gap = 0;
        p += 2;
    }
    while (*p != ']') {
        if (n == 8 || !hex_group(&p, &group[n++]))
            return false;
        if (p[0] == ':' && p[1] == ':' && gap < 0) {
            gap = n;
            p += 2;
        } else if (p[0] == ':' && p[1] != ']') {
            p++;
        } else if (p[0] != ']') {
            return false;
        }
    }
    if (gap < 0 ? n != 8 : n == 8)
        return false;
    for (int i = 0; i < n; i++) {
        int to = gap < 0 || i < gap ? i : i + 8 - n;
        ip[2 * to] = (uint8_t)(group[i] >> 8);
        ip[2 * to + 1] = (uint8_t)group[i];
    }
    *at = p + 1;
    return true;
}

static bool parse_tcp6(const char *at, struct host_address *address)
{
    uint32_t port = 0;
    if (!parse_ip6(&at, address->ip6) || *at++ != ':' || !number(&at, 65535, 0, &port))
        return false;
    address->port = (uint16_t)port;
    return true;
}

bool address_parse(const char *text, struct host_address *address)
{
    memset(address, 0, sizeof(*address));
    if (strncmp(text, "tcp:[", 5) == 0) {
        address->network = HOST_TCP6;
        return parse_tcp6(text + 5, address);
    }
    if (strncmp(text, "tcp:", 4) == 0) {
        address->network = HOST_TCP;
        return parse_tcp(text + 4, address);
    }
    size_t n = strncmp(text, "unix:", 5) == 0 ? strlen(text + 5) : 0;
    if (n == 0 || n >= sizeof(address->path))
        return false;
    address->network = HOST_UNIX;
    memcpy(address->path, text + 5, n);
    return true;
}
