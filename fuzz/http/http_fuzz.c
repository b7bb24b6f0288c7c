// SPDX-License-Identifier: Apache-2.0
//
// The parser of the example server's requests. Where a head ends does not depend on the pieces that
// it comes in; what is accepted is a line of three words with a target inside of it, and holds no
// byte that could end a line for another reader; what is refused has one of the statuses that the
// server has words for.
#include "runtime/examples/http/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_end(const char *text, size_t n, size_t end)
{
    size_t piece = n > 0 ? 1 + (uint8_t)text[0] % 7 : 1, from = 0, found = 0;

    for (size_t have = 0; found == 0 && have < n; from = have) {
        have = have + piece < n ? have + piece : n;
        found = request_end(text, from, have);
    }
    if (found != end || end > n)
        abort(); // it ends elsewhere in pieces
}

static void check_accepted(const char *text, size_t n, const struct request *r)
{
    if (r->target < text || r->target + r->target_bytes > text + n || r->target_bytes == 0)
        abort(); // the target is not in the text
    for (size_t i = 0; i < n; i++) {
        bool line_ends = text[i] == '\r' && i + 1 < n && text[i + 1] == '\n';
        if (text[i] == 0 || (text[i] == '\r' && !line_ends) ||
            (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')))
            abort(); // other readers may see other lines
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int statuses[] = {400, 405, 413, 501, 505};
    const char *text = (const char *)data;
    size_t end = request_end(text, 0, n);
    struct request r;

    check_end(text, n, end);
    int status = request_parse(text, end, &r);
    if (status == 200) {
        check_accepted(text, end, &r);
        return 0;
    }
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i] == status)
            return 0;
    abort(); // a status without words
}
