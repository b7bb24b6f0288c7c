// SPDX-License-Identifier: Apache-2.0
//
// See signature.h. Signatures that name no place (conserve, lost-wake, gstate, deadlock) are equal
// or not. Those that do:
//
//   race: KIND FUNCTION `TEXT` / KIND FUNCTION `TEXT`
//   livelock: CHAIN `TEXT`
//   crash: FUNCTION: assertion failed: CONDITION
//
// Each side of a race must keep its kind of access, and the word that both accesses are to must be
// the same where both are known (field and type, without numbers). Then a side has moved when its
// old place is gone and
//   - the same line stands in another function, or
//   - the same line in the same function, but for names of locals, or
//   - the word is known, and the access is in the old function or in something that it calls.
// A failed assertion has moved when its old function has no such condition any more.
// The loop of a livelock is named by one of its lines: another line of the same function is it,
// too.
#include "repro/signature.h"

#include <ctype.h>
#include <string.h>

#include "repro/likeness.h"

struct side {
    char kind[24], function[256], text[256];
};

// The innermost function of a chain.
static size_t innermost(const char *chain)
{
    return strcspn(chain, "<");
}

static bool function_is(const char *chain, const char *function)
{
    size_t n = innermost(chain), m = innermost(function);

    return n == m && strncmp(chain, function, n) == 0;
}

static bool place_exists(const char *function, const char *text)
{
    for (uint32_t i = SIM_SITE_HOST + 1; i < sim_site_count(); i++)
        if (function_is(sim_site(i)->function, function) && strcmp(sim_site(i)->text, text) == 0)
            return true;
    return false;
}

static bool part(char *to, size_t bytes, const char *from, const char *end)
{
    if (end < from || (size_t)(end - from) >= bytes)
        return false;
    memcpy(to, from, (size_t)(end - from));
    to[end - from] = 0;
    return true;
}

// KIND FUNCTION `TEXT`; the kind may have two words, or none.
static bool read_side(const char **at, struct side *s)
{
    const char *quote = strstr(*at, " `"), *end = quote ? strchr(quote + 2, '`') : NULL;
    const char *function = quote;

    if (end == NULL)
        return false;
    while (function > *at && function[-1] != ' ')
        function--;
    bool ok = part(s->function, sizeof s->function, function, quote) &&
              part(s->text, sizeof s->text, quote + 2, end) &&
              part(s->kind, sizeof s->kind, *at, function > *at ? function - 1 : function);
    *at = end + 1;
    return ok;
}

static bool read_race(const char *signature, struct side side[2])
{
    const char *at = signature + strlen("race: ");

    return read_side(&at, &side[0]) && strncmp(at, " / ", 3) == 0 && (at += 3) &&
           read_side(&at, &side[1]) && *at == 0;
}

// Whether `function` stands on the stack of a place of the finding that has this text.
static bool called_by(const struct sim_finding *f, const char *text, const char *function)
{
    for (uint32_t i = 0; i < f->places; i++) {
        const struct sim_frames *stack = &f->place[i].stack;

        if (strcmp(sim_site(f->place[i].site)->text, text) != 0)
            continue;
        for (uint32_t k = 0; k < stack->n; k++) {
            const char *chain = sim_site(sim_pc_site(stack->pc[k]))->function;

            for (const char *name = chain; *name; name += strspn(name, "<")) {
                if (function_is(name, function))
                    return true;
                name += innermost(name);
            }
        }
    }
    return false;
}

static bool side_moved(const struct side *was, const struct side *is, bool same_word,
                       const struct sim_finding *f)
{
    bool same_function = strcmp(was->function, is->function) == 0;

    if (strcmp(was->kind, is->kind) != 0)
        return false;
    if (same_function && strcmp(was->text, is->text) == 0)
        return true;
    if (place_exists(was->function, was->text))
        return false;
    if (strcmp(was->text, is->text) == 0 || (same_function && text_renamed(was->text, is->text)))
        return true;
    return same_word && (same_function || called_by(f, is->text, was->function));
}

static bool race_moved(const struct repro_case *c, const struct sim_finding *f)
{
    bool known = c->word[0] != 0 && f->word[0] != 0, same_word = known && !strcmp(c->word, f->word);
    struct side was[2], is[2];

    if ((known && !same_word) || !read_race(c->signature, was) || !read_race(f->signature, is))
        return false;
    for (int k = 0; k < 2; k++) // sides are sorted by their text, which may have changed
        if (side_moved(&was[0], &is[k], same_word, f) &&
            side_moved(&was[1], &is[1 - k], same_word, f))
            return true;
    return false;
}

static bool livelock_moved(const char *old_signature, const char *new_signature)
{
    const char *old_at = old_signature + strlen("livelock: ");
    const char *new_at = new_signature + strlen("livelock: ");
    struct side was, is;

    if (!read_side(&old_at, &was) || !read_side(&new_at, &is))
        return false;
    return function_is(is.function, was.function) ||
           (strcmp(is.text, was.text) == 0 && !place_exists(was.function, was.text));
}

// Signatures of crashes have one '#' for each number.
static void without_numbers(const char *text, char *to, size_t bytes)
{
    size_t n = 0;

    for (; *text && n + 1 < bytes; text++)
        if (!isdigit((unsigned char)*text))
            to[n++] = *text;
        else if (n == 0 || to[n - 1] != '#')
            to[n++] = '#';
    to[n] = 0;
}

// The condition of a failed assertion is somewhere in the line that reads what it is about.
static bool condition_exists(const char *function, const char *condition)
{
    char text[512];

    for (uint32_t i = SIM_SITE_HOST + 1; i < sim_site_count(); i++) {
        without_numbers(sim_site(i)->text, text, sizeof text);
        if (function_is(sim_site(i)->function, function) && strstr(text, condition) != NULL)
            return true;
    }
    return false;
}

static bool crash_moved(const char *was, const char *is)
{
    static const char words[] = ": assertion failed: ";
    const char *old_words = strstr(was, words), *new_words = strstr(is, words);
    char old_function[128], new_function[128];

    was += strlen("crash: ");
    is += strlen("crash: ");
    if (old_words == NULL || new_words == NULL ||
        !part(old_function, sizeof old_function, was, old_words) ||
        !part(new_function, sizeof new_function, is, new_words) ||
        condition_exists(old_function, old_words + strlen(words)))
        return false;
    return strcmp(old_words, new_words) == 0 ||
           (strcmp(old_function, new_function) == 0 && text_renamed(old_words, new_words));
}

enum signature_verdict signature_compare(const struct repro_case *c, const struct sim_result *r)
{
    const struct sim_finding *f = &r->finding;
    bool moved = false;

    if (r->outcome != SIM_FOUND || strcmp(f->oracle, c->oracle) != 0)
        return SIGNATURE_OTHER;
    if (strcmp(f->signature, c->signature) == 0)
        return SIGNATURE_SAME;
    if (strcmp(c->oracle, "race") == 0)
        moved = race_moved(c, f);
    else if (strcmp(c->oracle, "livelock") == 0)
        moved = livelock_moved(c->signature, f->signature);
    else if (strcmp(c->oracle, "crash") == 0)
        moved = crash_moved(c->signature, f->signature);
    return moved ? SIGNATURE_MOVED : SIGNATURE_OTHER;
}
