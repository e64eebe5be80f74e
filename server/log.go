// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// logMost is how large a log gets before it is put away as the old one, in bytes.
const logMost = 4 << 20

// logFile is a log of bounded size: the file, and the one before it under the same name with ".old".
type logFile struct {
	path string

	mu   sync.Mutex // protects what follows
	file *os.File
	size int64
}

func openLog(path string) (*logFile, error) {
	l := &logFile{path: path}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *logFile) open() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open a log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("open a log: %w", err), file.Close())
	}
	l.file, l.size = file, info.Size()
	return nil
}

func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > logMost {
		_ = l.file.Close()
		if err := os.Rename(l.path, l.path+".old"); err != nil {
			return 0, fmt.Errorf("put a full log away: %w", err)
		}
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

// followEvery is how often a log is looked at for more.
const followEvery = 200 * time.Millisecond

// copyLog writes a log to out. With follow it goes on until ctx ends, also when the log is put away for a new one.
func copyLog(ctx context.Context, path string, out io.Writer, follow bool) error {
	for first := true; ; first = false {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) && first {
			return fmt.Errorf("there is no log yet (%s): %w", path, ErrNotRunning)
		}
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		replaced, err := copyFile(ctx, file, path, out, follow)
		_ = file.Close()
		if err != nil || !replaced {
			return err
		}
	}
}

func copyFile(ctx context.Context, file *os.File, path string, out io.Writer, follow bool) (replaced bool, err error) {
	for {
		if _, err := io.Copy(out, file); err != nil {
			return false, fmt.Errorf("copy the log: %w", err)
		}
		if !follow {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-time.After(followEvery):
		}
		ours, err := file.Stat()
		if err != nil {
			return false, fmt.Errorf("follow the log: %w", err)
		}
		if now, err := os.Stat(path); err == nil && !os.SameFile(ours, now) {
			return true, nil
		}
	}
}
