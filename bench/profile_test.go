// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"testing"

	"kchat/bench/job"
)

// A delivery that cost 2000 is shared out over 4 samples; what is idle costs nothing. A function counts by itself where
// it is the innermost, and with what it calls once in each stack, though it calls itself.
func TestAProfileSharesOutTheCost(t *testing.T) {
	p := newProfile(&job.Profile{Period: 1000, Stacks: []job.Stack{
		{Frames: "server;work;send", Samples: 2},
		{Frames: "server;work;send;send", Samples: 1},
		{Frames: "load;user", Samples: 1},
		{Frames: "idle;wait", Samples: 7},
	}}, 2000)
	if p.scale != 500 || p.sums["server"] != 3 || p.sums["load"] != 1 {
		t.Errorf("%+v", p)
	}
	if own := p.own["server"]; own["send"] != 3 || own["work"] != 0 {
		t.Errorf("own: %v", own)
	}
	if all := p.all["server"]; all["send"] != 3 || all["work"] != 3 || all["user"] != 0 {
		t.Errorf("with what they call: %v", all)
	}
}
