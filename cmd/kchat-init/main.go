// SPDX-License-Identifier: GPL-2.0-only

// Command kchat-init is /init of the microVM: it brings up the network, serves the runner on the host over a virtio
// serial port, and powers the machine off when the host is gone. It is linked statically and runs as process 1.
package main

import (
	"fmt"
	"os"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "kchat-init is the first process of the microVM and does nothing elsewhere")
		os.Exit(2)
	}
	err := run()
	fmt.Fprintf(os.Stderr, "kchat-init: %v\n", err)
	powerOff()
}

// run serves the host until it is gone; the error says why it ended.
func run() error {
	for _, step := range []func() error{mountAll, raiseLimits, loadDrivers, setUpNetwork} {
		if err := step(); err != nil {
			return err
		}
	}
	return serveHost()
}
