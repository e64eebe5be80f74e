// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// readPassword reads a password from the first line of a file ("-": standard input), or asks for it on the terminal.
// A password is never an argument: other users could see it.
func readPassword(file, prompt string) (string, error) {
	if file != "" {
		return passwordFromFile(file)
	}
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", errors.New("there is no terminal to ask for the password: use --password-file")
	}
	defer terminal.Close()
	fmt.Fprint(terminal, prompt)
	password, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(terminal)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(password), nil
}

// newPassword is readPassword for a password that is being set: it is asked for twice.
func newPassword(file, prompt string) (string, error) {
	first, err := readPassword(file, prompt)
	if err != nil || file != "" {
		return first, err
	}
	second, err := readPassword("", "Once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two are not the same")
	}
	return first, nil
}

// passwordLine is how much of a file is read for its first line, in bytes: far more than a password may have.
const passwordLine = 64 << 10

func passwordFromFile(path string) (string, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		defer file.Close()
		in = file
	}
	line, err := bufio.NewReader(io.LimitReader(in, passwordLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return "", errors.New("the password is empty")
	}
	return password, nil
}
