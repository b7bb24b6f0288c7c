// SPDX-License-Identifier: Apache-2.0
//
// Finds the direct calls of instrumented functions in a linked program. A function is instrumented
// when it calls __tsan_func_entry. Calls are recognised by the relocations that the linker kept
// (--emit-relocs) behind an E8 byte. Calls that stay in their section (a static function that calls
// itself) may have none; for those the bytes are searched for E8 with the exact distance to a
// function's start.
#include "ci/sites/table.h"

#include <elf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

enum { OP_CALL = 0xe8, OP_JUMP = 0xe9, CALL_BYTES = 5 };

struct function {
    uint64_t lo, hi;
    const char *name;
    bool instrumented;
};

struct raw_call {
    uint64_t ret;
    const char *target;
    bool jump;
};

struct reader {
    struct table *t;
    Elf *elf;
    struct function *functions; // by address, those that share one address merged
    size_t nfunctions, cap_functions;
    struct raw_call *raw;
    size_t nraw, cap_raw;
};

static int by_lo(const void *a, const void *b)
{
    const struct function *x = a, *y = b;

    if (x->lo != y->lo)
        return x->lo < y->lo ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_ret(const void *a, const void *b)
{
    const struct raw_call *x = a, *y = b;

    return x->ret < y->ret ? -1 : x->ret > y->ret;
}

static struct function *function_of(const struct reader *r, uint64_t pc)
{
    size_t lo = 0, hi = r->nfunctions;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->functions[mid].lo <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0 || pc >= r->functions[lo - 1].hi)
        return NULL;
    return &r->functions[lo - 1];
}

static int read_functions(struct reader *r, Elf_Scn *scn, const GElf_Shdr *shdr)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    size_t n = shdr->sh_entsize ? shdr->sh_size / shdr->sh_entsize : 0;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        GElf_Sym sym;
        if (gelf_getsym(data, (int)i, &sym) == NULL || GELF_ST_TYPE(sym.st_info) != STT_FUNC ||
            sym.st_size == 0 || sym.st_shndx == SHN_UNDEF)
            continue;
        r->functions =
            table_grow(r->functions, r->nfunctions, &r->cap_functions, sizeof *r->functions);
        r->functions[r->nfunctions++] =
            (struct function){sym.st_value, sym.st_value + sym.st_size,
                              elf_strptr(r->elf, shdr->sh_link, sym.st_name), false};
    }
    if (r->nfunctions == 0)
        return table_fail(r->t, "no function symbols");
    qsort(r->functions, r->nfunctions, sizeof *r->functions, by_lo);
    for (size_t i = 1; i < r->nfunctions; i++) {
        if (r->functions[i].lo != r->functions[kept].lo)
            r->functions[++kept] = r->functions[i];
    }
    r->nfunctions = kept + 1;
    return 0;
}

// The bytes of section `index`, or NULL.
static const uint8_t *section_bytes(Elf *elf, size_t index, GElf_Shdr *shdr)
{
    Elf_Scn *scn = elf_getscn(elf, index);
    Elf_Data *data;

    if (scn == NULL || gelf_getshdr(scn, shdr) == NULL || shdr->sh_type != SHT_PROGBITS)
        return NULL;
    data = elf_getdata(scn, NULL);
    return data != NULL && data->d_size == shdr->sh_size ? data->d_buf : NULL;
}

// Calls and tail jumps among the relocations of one executable section.
static void read_relocations(struct reader *r, Elf_Scn *scn, const GElf_Shdr *shdr)
{
    GElf_Shdr text, symtab;
    const uint8_t *bytes = section_bytes(r->elf, shdr->sh_info, &text);
    Elf_Data *data = elf_getdata(scn, NULL);
    Elf_Scn *symscn = elf_getscn(r->elf, shdr->sh_link);
    Elf_Data *syms;

    if (bytes == NULL || !(text.sh_flags & SHF_EXECINSTR) || data == NULL || symscn == NULL ||
        gelf_getshdr(symscn, &symtab) == NULL)
        return;
    syms = elf_getdata(symscn, NULL);
    for (size_t i = 0; i < shdr->sh_size / shdr->sh_entsize; i++) {
        GElf_Rela rela;
        GElf_Sym sym;
        uint64_t at;
        if (gelf_getrela(data, (int)i, &rela) == NULL ||
            gelf_getsym(syms, (int)GELF_R_SYM(rela.r_info), &sym) == NULL)
            continue;
        at = rela.r_offset - text.sh_addr;
        if ((GELF_R_TYPE(rela.r_info) != R_X86_64_PLT32 &&
             GELF_R_TYPE(rela.r_info) != R_X86_64_PC32) ||
            at == 0 || at + 4 > text.sh_size ||
            (bytes[at - 1] != OP_CALL && bytes[at - 1] != OP_JUMP))
            continue;
        r->raw = table_grow(r->raw, r->nraw, &r->cap_raw, sizeof *r->raw);
        r->raw[r->nraw++] =
            (struct raw_call){rela.r_offset + 4, elf_strptr(r->elf, symtab.sh_link, sym.st_name),
                              bytes[at - 1] == OP_JUMP};
    }
}

static bool is_raw_return(const struct reader *r, uint64_t ret)
{
    struct raw_call key = {ret, NULL, false};

    return bsearch(&key, r->raw, r->nraw, sizeof *r->raw, by_ret) != NULL;
}

static void add_call(struct table *t, uint64_t ret, const char *hook)
{
    t->calls = table_grow(t->calls, t->ncalls, &t->cap_calls, sizeof *t->calls);
    t->calls[t->ncalls++] = (struct call){.pc = ret - CALL_BYTES, .ret = ret, .hook = hook};
}

// Calls within one section may have no relocation: the assembler knew where they go.
static void find_near_calls(struct reader *r, const struct function *f)
{
    size_t count = 0;

    if (elf_getshdrnum(r->elf, &count) != 0)
        return;
    for (size_t i = 1; i < count; i++) {
        GElf_Shdr text;
        const uint8_t *bytes = section_bytes(r->elf, i, &text);
        if (bytes == NULL || f->lo < text.sh_addr || f->hi > text.sh_addr + text.sh_size)
            continue;
        for (uint64_t pc = f->lo; pc + CALL_BYTES <= f->hi; pc++) {
            const uint8_t *p = bytes + (pc - text.sh_addr);
            const struct function *target;
            int32_t displacement;
            if (*p != OP_CALL || is_raw_return(r, pc + CALL_BYTES))
                continue;
            memcpy(&displacement, p + 1, sizeof displacement);
            target = function_of(r, pc + CALL_BYTES + (uint64_t)(int64_t)displacement);
            if (target != NULL && target->lo == pc + CALL_BYTES + (uint64_t)(int64_t)displacement)
                add_call(r->t, pc + CALL_BYTES, "call");
        }
    }
}

static const char *after(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

// A hook may have another function before it, put there by the linker (--wrap).
static const char *hook_name(const char *symbol)
{
    const char *wrapped = after(symbol, "__wrap_");

    return after(wrapped != NULL ? wrapped : symbol, "__tsan_");
}

// Of the program, and not one that stands before a hook and hands on the caller's place.
static bool loses_place(const struct function *f)
{
    return f == NULL || after(f->name, "__wrap_") == NULL;
}

static int collect(struct reader *r)
{
    struct table *t = r->t;

    for (size_t i = 0; i < r->nraw; i++) {
        struct function *f = function_of(r, r->raw[i].ret - CALL_BYTES);
        if (f != NULL && r->raw[i].target && strcmp(r->raw[i].target, "__tsan_func_entry") == 0)
            f->instrumented = true;
    }
    for (size_t i = 0; i < r->nraw; i++) {
        const struct raw_call *c = &r->raw[i];
        const struct function *f = function_of(r, c->ret - CALL_BYTES);
        const char *hook = c->target != NULL ? hook_name(c->target) : NULL;
        if (hook != NULL && c->jump && after(hook, "atomic") != NULL && loses_place(f))
            return table_fail(t, "%s: jump to %s instead of a call: its place is lost",
                              f ? f->name : "?", c->target);
        if (c->jump || f == NULL || !f->instrumented)
            continue; // also drops __tsan_init in the constructor that the compiler adds
        add_call(t, c->ret, table_copy(t, hook ? hook : "call"));
    }
    for (size_t i = 0; i < r->nfunctions; i++) {
        const struct function *f = &r->functions[i];
        if (!f->instrumented)
            continue;
        t->ranges = table_grow(t->ranges, t->nranges, &t->cap_ranges, sizeof *t->ranges);
        t->ranges[t->nranges++] = (struct range){f->lo, f->hi, table_copy(t, f->name)};
        find_near_calls(r, f);
    }
    return 0;
}

static int by_pc(const void *a, const void *b)
{
    const struct call *x = a, *y = b;

    return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static int read_sections(struct reader *r)
{
    Elf_Scn *scn = NULL;
    GElf_Shdr shdr;
    bool relocations = false;

    while ((scn = elf_nextscn(r->elf, scn)) != NULL) {
        if (gelf_getshdr(scn, &shdr) != NULL && shdr.sh_type == SHT_SYMTAB &&
            read_functions(r, scn, &shdr) != 0)
            return -1;
    }
    if (r->nfunctions == 0)
        return table_fail(r->t, "no symbol table");
    while ((scn = elf_nextscn(r->elf, scn)) != NULL) {
        if (gelf_getshdr(scn, &shdr) == NULL || shdr.sh_type != SHT_RELA || shdr.sh_info == 0 ||
            (shdr.sh_flags & SHF_ALLOC))
            continue;
        relocations = true;
        read_relocations(r, scn, &shdr);
    }
    if (!relocations)
        return table_fail(r->t, "no relocations: link with -Wl,--emit-relocs");
    if (r->nraw != 0)
        qsort(r->raw, r->nraw, sizeof *r->raw, by_ret);
    return collect(r);
}

int elf_calls_find(struct table *t, int fd)
{
    struct reader r = {.t = t};
    GElf_Ehdr ehdr;
    int result;

    (void)elf_version(EV_CURRENT);
    r.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    if (r.elf == NULL || gelf_getehdr(r.elf, &ehdr) == NULL)
        result = table_fail(t, "not an ELF file");
    else if (ehdr.e_type != ET_EXEC || ehdr.e_machine != EM_X86_64)
        result = table_fail(t, "not an x86-64 program at fixed addresses: link with -no-pie");
    else
        result = read_sections(&r);
    if (t->ncalls != 0)
        qsort(t->calls, t->ncalls, sizeof *t->calls, by_pc);
    free(r.functions);
    free(r.raw);
    (void)elf_end(r.elf);
    return result;
}
