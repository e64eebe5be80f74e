// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs of this host that the script calls. All come with what "make test" installs.
func programs() []string {
	return []string{
		"sh", "cat", "echo", "sleep", "timeout", "grep", "sed", "mkdir", "mount", "insmod", "rmmod", "ip", "tmux",
	}
}

// terminal is what tmux looks up about its own screens, terminfo(5).
const terminal = "/s/screen-256color"

// letters is what tmux asks whether text is UTF-8, of the locale C.UTF-8.
const letters = "/usr/lib/locale/C.utf8/LC_CTYPE"

// borrow adds the programs with their libraries.
func borrow(files map[string]string) error {
	for _, name := range programs() {
		path, err := find(name)
		if err != nil {
			return err
		}
		files["/bin/"+name] = path
		libraries, err := needed(path)
		if err != nil {
			return err
		}
		for _, library := range libraries {
			files[library] = library
		}
	}
	if _, err := os.Stat(letters); err == nil { // else the C library has it built in
		files[letters] = letters
	}
	for _, folder := range []string{"/lib/terminfo", "/usr/share/terminfo"} {
		if _, err := os.Stat(folder + terminal); err == nil {
			files["/usr/share/terminfo"+terminal] = folder + terminal
			return nil
		}
	}
	return fmt.Errorf("find terminfo%s: the package ncurses-base is missing", terminal)
}

// find looks for a program where an administrator's are as well, which need not be in a user's PATH.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, folder := range []string{"/usr/sbin", "/sbin"} {
		if err == nil {
			break
		}
		path, err = exec.LookPath(filepath.Join(folder, name))
	}
	if err != nil {
		return "", fmt.Errorf("find a program for the microVM: %w", err)
	}
	return filepath.EvalSymlinks(path)
}

// needed are the libraries of a program, and its loader, by their paths as ldd(1) says them.
func needed(program string) ([]string, error) {
	out, err := exec.Command("ldd", program).CombinedOutput()
	if err != nil {
		if strings.Contains(string(out), "not a dynamic executable") {
			return nil, nil
		}
		return nil, fmt.Errorf("ldd %s: %w\n%s", program, err, out)
	}
	var paths []string
	for _, word := range strings.Fields(string(out)) {
		if strings.HasPrefix(word, "/") {
			paths = append(paths, strings.TrimSuffix(word, ":"))
		}
	}
	return paths, nil
}
