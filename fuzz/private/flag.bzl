# SPDX-License-Identifier: Apache-2.0
"""A word on Bazel's command line."""

FlagInfo = provider(fields = {"value": "the word"})

def _flag_impl(ctx):
    value = ctx.build_setting_value
    if value not in ctx.attr.values:
        fail("%s: '%s' is not one of %s" % (ctx.label, value, ", ".join(ctx.attr.values)))
    return FlagInfo(value = value)

string_flag = rule(
    implementation = _flag_impl,
    build_setting = config.string(flag = True),
    attrs = {"values": attr.string_list(mandatory = True)},
)
