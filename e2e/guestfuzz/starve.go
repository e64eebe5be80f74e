// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"kchat/e2e/fuzz/guided"
)

// The module of a kernel built for tests counts its allocations, and lets one of them fail (kmod/alloc.c).
const (
	failNth     = "/sys/module/kchat/parameters/fail_nth"
	allocations = "/sys/module/kchat/parameters/allocations"
)

// mostAllocations are more than one input needs; what others allocate meanwhile counts as well.
const mostAllocations = 200

// starve runs each input as often as it allocates, and each time another allocation fails. Whatever the target makes of
// that: as soon as there is memory again, the same input goes well. It returns how many have failed.
func starve(target guided.Target, inputs []guided.Input) (failed int, err error) {
	for _, in := range inputs {
		for nth := 1; nth <= mostAllocations; nth++ {
			if err := fail(nth); err != nil {
				return failed, err
			}
			hungry := target.Run(in)
			made, err := made()
			if err != nil {
				return failed, err
			}
			if err := fail(0); err != nil {
				return failed, err
			}
			if err := target.Run(in); err != nil {
				return failed, fmt.Errorf("%w, when allocation %d had failed (%v), after\n%s", err, nth, hungry, in)
			}
			if made < nth {
				break
			}
			failed++
		}
	}
	return failed, nil
}

// fail lets the allocation fail that is the nth from now on; 0: none.
func fail(nth int) error {
	return os.WriteFile(failNth, []byte(strconv.Itoa(nth)), 0)
}

// made is how many allocations there were since fail was called.
func made() (int, error) {
	text, err := os.ReadFile(allocations)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}
