// SPDX-License-Identifier: GPL-2.0-only

package vm

import (
	"os"
	"strings"
)

// Accelerator says how the guest's instructions are run: "kvm", or "tcg", which is emulation and works everywhere.
func Accelerator() string {
	cpuinfo, err := os.ReadFile("/proc/cpuinfo")
	if err != nil || !hasVirtualisation(string(cpuinfo)) {
		return "tcg"
	}
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return "tcg"
	}
	_ = device.Close()
	return "kvm"
}

// hasVirtualisation looks for the processor's own word. A /dev/kvm that can be opened is no proof: in some
// containers it is there, and a machine that uses it hangs.
func hasVirtualisation(cpuinfo string) bool {
	for line := range strings.Lines(cpuinfo) {
		name, flags, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) != "flags" {
			continue
		}
		for flag := range strings.FieldsSeq(flags) {
			if flag == "svm" || flag == "vmx" {
				return true
			}
		}
		return false
	}
	return false
}
