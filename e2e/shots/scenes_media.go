// SPDX-License-Identifier: GPL-2.0-only

package main

import "context"

// quit: the program ends, and nothing is left.
func (s *show) quit(ctx context.Context) error {
	return s.display.enter(ctx, "/quit")
}

func (s *show) view(ctx context.Context) error  { return nil }
func (s *show) watch(ctx context.Context) error { return nil }
