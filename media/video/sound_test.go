// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// recorder is a sound player that writes what it is given to a file.
func recorder(t *testing.T) (program, file string) {
	t.Helper()
	dir := t.TempDir()
	program, file = filepath.Join(dir, "player"), filepath.Join(dir, "heard")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec cat >\""+file+"\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return program, file
}

func samples(n int, v byte) []byte { return bytes.Repeat([]byte{v}, n) }

func write(t *testing.T, s *Sound, p []byte) {
	t.Helper()
	if n, err := s.Write(p); err != nil || n != len(p) {
		t.Fatalf("%d, %v", n, err)
	}
}

func TestSoundIsHeardFromPlayToFinish(t *testing.T) {
	program, file := recorder(t)
	s, err := openSound(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, samples(10_000, 1))
	s.Play()
	write(t, s, samples(10_000, 2))
	s.Pause()
	write(t, s, samples(10_000, 3)) // Finish plays it all the same
	s.Finish()
	if _, err := s.Write([]byte{4}); err == nil {
		t.Error("written after the end")
	}
	s.done.Wait() // the player has taken everything and ended by itself
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	want := append(append(samples(10_000, 1), samples(10_000, 2)...), samples(10_000, 3)...)
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes were heard, %v", len(got), err)
	}
}

func TestMutedSoundGoesOnSilently(t *testing.T) {
	program, file := recorder(t)
	s, err := openSound(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	s.Mute(true)
	write(t, s, samples(8192, 7))
	s.Finish()
	s.done.Wait()
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, make([]byte, 8192)) {
		t.Errorf("%d bytes were heard, %v", len(got), err)
	}
}

func TestNothingIsHeardBeforePlayAndCloseForgetsIt(t *testing.T) {
	program, file := recorder(t)
	s, err := openSound(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, samples(8192, 7))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(file); err == nil && len(got) > 0 { // the player may not even have begun
		t.Errorf("%d bytes were heard", len(got))
	}
}

func TestWriterWaitsForAFullBufferUntilClose(t *testing.T) {
	program, _ := recorder(t)
	s, err := openSound(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, samples(soundBuffer, 1))
	blocked := make(chan error)
	go func() {
		_, err := s.Write([]byte{1})
		blocked <- err
	}()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-blocked; err == nil {
		t.Error("the buffer has no limit")
	}
}

func TestPlayerThatEndsIsNoticed(t *testing.T) {
	program := filepath.Join(t.TempDir(), "player")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := openSound(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	s.Play()
	for err == nil {
		_, err = s.Write(samples(4096, 1))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestWithoutAPlayerFilmsAreQuiet(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := OpenSound(t.Context()); !errors.Is(err, ErrNoSound) {
		t.Errorf("got %v", err)
	}
	if _, err := openSound(t.Context(), "/nowhere/player"); !errors.Is(err, ErrNoSound) {
		t.Errorf("got %v", err)
	}
}
