// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// The screen that the terminals are photographed on, in pixels. A terminal may take less of it.
const (
	screenWidth  = 920
	screenHeight = 580
)

// display is an X server without a monitor: it draws into a file.
type display struct {
	name   string // what DISPLAY is for its programs
	pixels string // the file, of the form of xwd(1)
	server *exec.Cmd
}

// startDisplay starts the server in dir, and returns when it takes clients.
func startDisplay(ctx context.Context, dir string) (*display, error) {
	ready, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ready.Close()
	server := exec.CommandContext(ctx, "Xvfb", "-screen", "0", fmt.Sprintf("%dx%dx24", screenWidth, screenHeight),
		"-nolisten", "tcp", "-fbdir", dir, "-displayfd", "3")
	server.ExtraFiles = []*os.File{tell}
	err = server.Start()
	tell.Close()
	if err != nil {
		return nil, fmt.Errorf("start the display: %w", err)
	}
	number, err := bufio.NewReader(ready).ReadString('\n')
	if err != nil {
		_ = server.Wait() // it has ended: that is why it told nothing
		return nil, fmt.Errorf("wait for the display: %w", err)
	}
	return &display{
		name: ":" + strings.TrimSpace(number), pixels: filepath.Join(dir, "Xvfb_screen0"), server: server,
	}, nil
}

func (d *display) close() {
	_ = d.server.Process.Kill() // it may be gone
	_ = d.server.Wait()
}

// errNoScreen says that the file of a display holds no picture that we read.
var errNoScreen = errors.New("the display's file is not a picture of 32 bits a pixel")

// grab reads what is on the screen now.
func (d *display) grab() (*image.RGBA, error) {
	data, err := os.ReadFile(d.pixels)
	if err != nil {
		return nil, fmt.Errorf("photograph the screen: %w", err)
	}
	return parseXWD(data)
}

// parseXWD reads the form that Xvfb writes: a header of big-endian words (X11/XWDFile.h), a table of colours, and rows of
// pixels of 32 bits, blue first.
func parseXWD(data []byte) (*image.RGBA, error) {
	const (
		words, colorSize                   = 25, 12
		size, version, wide, high          = 0, 1, 4, 5
		byteOrder, bits, rowBytes, ncolors = 7, 11, 12, 19
	)
	if len(data) < 4*words {
		return nil, errNoScreen
	}
	header := func(i int) int { return int(binary.BigEndian.Uint32(data[4*i:])) }
	width, height, row := header(wide), header(high), header(rowBytes)
	start := header(size) + colorSize*header(ncolors)
	if header(version) != 7 || header(bits) != 32 || header(byteOrder) != 0 || row < 4*width ||
		len(data) < start+row*height {
		return nil, errNoScreen
	}
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		from, to := data[start+y*row:], m.Pix[y*m.Stride:]
		for x := range width {
			to[4*x], to[4*x+1], to[4*x+2], to[4*x+3] = from[4*x+2], from[4*x+1], from[4*x], 0xff
		}
	}
	return m, nil
}

// window waits for the window of a program on the display, turns the keyboard to it, and tells where it is. With fill it
// gets the size of the screen.
func (d *display) window(ctx context.Context, class string, fill bool) (image.Rectangle, error) {
	width, height := strconv.Itoa(screenWidth), strconv.Itoa(screenHeight)
	// The pointer is put where it hides nothing.
	todo := []string{"mousemove", width, height, "search", "--sync", "--onlyvisible", "--class", class}
	if fill {
		todo = append(todo, "windowmove", "%1", "0", "0", "windowsize", "%1", width, height)
	}
	out, err := d.xdotool(ctx, append(todo, "windowfocus", "--sync", "%1", "getwindowgeometry", "--shell", "%1")...)
	if err != nil {
		return image.Rectangle{}, fmt.Errorf("wait for the window of %s: %w", class, err)
	}
	values := map[string]int{}
	for _, line := range strings.Fields(out) {
		name, value, _ := strings.Cut(line, "=")
		values[name], _ = strconv.Atoi(value) // what is no number is not looked at
	}
	at := image.Pt(values["X"], values["Y"])
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(values["WIDTH"], values["HEIGHT"]))}.
		Intersect(image.Rect(0, 0, screenWidth, screenHeight)), nil
}

// press presses keys, by their names in X.
func (d *display) press(ctx context.Context, keys ...string) error {
	if _, err := d.xdotool(ctx, append([]string{"key"}, keys...)...); err != nil {
		return fmt.Errorf("press %v: %w", keys, err)
	}
	return nil
}

// enter types a line, and Enter.
func (d *display) enter(ctx context.Context, line string) error {
	if _, err := d.xdotool(ctx, "type", "--delay", "15", line); err != nil {
		return fmt.Errorf("type %q: %w", line, err)
	}
	return d.press(ctx, "Return")
}

func (d *display) xdotool(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.name)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("xdotool %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
