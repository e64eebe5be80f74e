// SPDX-License-Identifier: GPL-2.0-only

package vm

import "time"

// readTSC reads the processor's time stamp counter.
func readTSC() uint64

// How the counter's frequency is measured.
const (
	tscSpan  = 20 * time.Millisecond // between two readings
	tscTries = 8                     // of one reading, of which the quickest counts
)

// tscKHz measures how fast the counter runs, in kHz.
func tscKHz() uint64 {
	ticks0, at0 := readBoth()
	time.Sleep(tscSpan)
	ticks1, at1 := readBoth()
	return (ticks1 - ticks0) * uint64(time.Millisecond) / uint64(at1.Sub(at0))
}

// readBoth reads counter and clock as close together as can be: the reading that was disturbed least counts.
func readBoth() (ticks uint64, at time.Time) {
	quickest := time.Duration(1<<63 - 1)
	for range tscTries {
		before := time.Now()
		t := readTSC()
		after := time.Now()
		if took := after.Sub(before); took < quickest {
			quickest, ticks, at = took, t, before.Add(took/2)
		}
	}
	return ticks, at
}
