// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// speakWait is how long the other side may take to end the connection.
const speakWait = time.Minute

// speak connects, says the bytes given in hexadecimal digits, and prints what is answered in the same way, to the end.
func speak(addr, what string) error {
	said, err := hex.DecodeString(what)
	if err != nil {
		return fmt.Errorf("what to say: %w", err)
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(speakWait)); err != nil {
		return err
	}
	if _, err := conn.Write(said); err != nil {
		return fmt.Errorf("say it: %w", err)
	}
	heard, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("hear the answer: %w", err)
	}
	_, err = fmt.Fprintln(os.Stdout, hex.EncodeToString(heard))
	return err
}
