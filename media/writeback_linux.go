// SPDX-License-Identifier: GPL-2.0-only

package media

import "golang.org/x/sys/unix"

// writeOut lets the kernel begin to write a part of a file to the disk, so that a later Sync has little left to wait for. It
// is a hint: an error changes nothing (sync_file_range(2), SYNC_FILE_RANGE_WRITE).
func writeOut(f blobFile, from, length uint64) {
	_ = unix.SyncFileRange(int(f.Fd()), int64(from), int64(length), unix.SYNC_FILE_RANGE_WRITE)
}
