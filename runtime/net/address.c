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

bool address_parse(const char *text, struct host_address *address)
{
    memset(address, 0, sizeof(*address));
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
