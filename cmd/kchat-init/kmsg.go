// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"syscall"

	"kchat/server/guest"
)

// followKernelLog reports each record of /dev/kmsg, from the first one kept, until the host is gone.
func followKernelLog(kmsg io.Reader, server *guest.Server) {
	record := make([]byte, 8192) // the kernel gives one record a read, at most this long
	for {
		n, err := kmsg.Read(record)
		switch {
		case errors.Is(err, syscall.EPIPE):
			continue // records were overwritten before they were read; the next read goes on with the oldest
		case err != nil:
			return
		}
		line, ok := parseRecord(string(record[:n]))
		if !ok {
			continue
		}
		if server.Event(guest.EventKmsg, line) != nil {
			return
		}
	}
}

// parseRecord reads "prefix,sequence,microseconds,flags;text\n key=value..." (Documentation/ABI/testing/dev-kmsg).
func parseRecord(record string) (guest.Kmsg, bool) {
	head, text, ok := strings.Cut(record, ";")
	if !ok {
		return guest.Kmsg{}, false
	}
	text, _, _ = strings.Cut(text, "\n")
	fields := strings.Split(head, ",")
	if len(fields) < 3 {
		return guest.Kmsg{}, false
	}
	prefix, err := strconv.Atoi(fields[0])
	if err != nil {
		return guest.Kmsg{}, false
	}
	micros, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return guest.Kmsg{}, false
	}
	return guest.Kmsg{Level: prefix & 7, Micros: micros, Text: text}, true
}
