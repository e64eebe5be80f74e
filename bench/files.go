// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kchat/bench/job"
)

// programFiles are what these servers need in the guest: the path there, and that here.
func programFiles(root string, servers []string) (map[string]string, error) {
	bin := filepath.Join(root, ".cache", "bench")
	files := map[string]string{
		"/bin/inside": filepath.Join(bin, "inside"), "/bin/kchat-load": filepath.Join(bin, "kchat-load"),
	}
	for _, server := range servers {
		var err error
		switch server {
		case job.Kchat:
		case job.Floor:
			files["/bin/kchat-floor"] = filepath.Join(bin, "kchat-floor")
		case job.Twin:
			files["/bin/kchat-twin"] = filepath.Join(bin, "kchat-twin")
		case job.NATS:
			files["/usr/bin/nats-server"] = filepath.Join(bin, "nats-server")
		default:
			err = peerFiles(files, filepath.Join(bin, "peers"), server)
		}
		if err != nil {
			return nil, fmt.Errorf("find the files of %s: %w", server, err)
		}
	}
	for _, from := range files {
		if _, err := os.Stat(from); err != nil {
			return nil, fmt.Errorf("a program is missing (run \"make bench-programs\"): %w", err)
		}
	}
	return files, nil
}

// peerFiles adds a server of Debian that was unpacked under root, and the libraries it needs.
func peerFiles(files map[string]string, root, server string) error {
	paths := map[string]string{
		job.InspIRCd: "/usr/sbin/inspircd", job.NgIRCd: "/usr/sbin/ngircd",
		job.Redis: "/usr/bin/redis-server", job.Mosquitto: "/usr/sbin/mosquitto",
	}
	path, ok := paths[server]
	if !ok {
		return errors.New("there is no such server")
	}
	if err := addProgram(files, root, path); err != nil {
		return err
	}
	if server != job.InspIRCd {
		return nil
	}
	modules, err := filepath.Glob(filepath.Join(root, "usr/lib/inspircd/modules/core_*.so"))
	if err != nil {
		return err
	}
	for _, module := range modules {
		if err := addProgram(files, root, module[len(root):]); err != nil {
			return err
		}
	}
	return nil
}

// addProgram adds a program or library under root, what loads it, and the libraries it names, each under the path it
// has there.
func addProgram(files map[string]string, root, path string) error {
	if _, done := files[path]; done {
		return nil
	}
	files[path] = root + path
	file, err := elf.Open(root + path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	defer file.Close()
	needed, err := file.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("read what %s needs: %w", path, err)
	}
	for _, prog := range file.Progs {
		if prog.Type == elf.PT_INTERP {
			files["/lib64/"+loader] = root + "/lib/x86_64-linux-gnu/" + loader
		}
	}
	for _, name := range needed {
		library, err := findLibrary(root, name)
		if err != nil {
			return fmt.Errorf("%s needs %s: %w", path, name, err)
		}
		if err := addProgram(files, root, library); err != nil {
			return err
		}
	}
	return nil
}

// loader lies with the C library; the path that programs name is a link to it.
const loader = "ld-linux-x86-64.so.2"

func findLibrary(root, name string) (string, error) {
	for _, dir := range []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"} {
		if _, err := os.Stat(filepath.Join(root, dir, name)); err == nil {
			return filepath.Join(dir, name), nil
		}
	}
	return "", fs.ErrNotExist
}
