// SPDX-License-Identifier: GPL-2.0-only

package vm

import (
	"fmt"
	"strings"
	"testing"
)

func TestAnEmulatedMachineIsToldTheCountersFrequency(t *testing.T) {
	khz := tscKHz()
	if khz == 0 {
		return // this processor has no such counter
	}
	again := tscKHz()
	if off := int64(again) - int64(khz); off*off > int64(khz/100)*int64(khz/100) {
		t.Errorf("measured %d kHz, then %d: more than 1%% apart, which the kernel does not correct", khz, again)
	}
	line := commandLine(Config{Accel: "tcg"})
	var told int64
	if _, err := fmt.Sscanf(line[strings.Index(line, "tsc_early_khz="):], "tsc_early_khz=%d", &told); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	if strings.Contains(commandLine(Config{Accel: "kvm"}), "tsc_early_khz") {
		t.Error("a machine with hardware virtualisation is told too, though it can ask its host")
	}
}
