// SPDX-License-Identifier: Apache-2.0
//
// Found by san.h in objects of flavour `program` alone, whose include path begins with this folder.
#pragma once

#define SAN_PROGRAM 1
