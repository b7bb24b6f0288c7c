// SPDX-License-Identifier: Apache-2.0
//
// The contract of host.h, asked of the linux host.
#include "runtime/host/contract_test.h"

int main(void)
{
    return host_contract() == 0 ? 0 : 1;
}
