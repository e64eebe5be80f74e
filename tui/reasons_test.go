// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"kchat/media"
	"kchat/media/video"
	"kchat/rooms"
	"kchat/tui/words"
	"kchat/wire"
)

// translated are the errors that the catalogue says in each language, apart from those of the protocol.
var translated = map[string]error{
	"nobody_else": rooms.ErrAlone, "no_server": rooms.ErrNoServer, "login_refused": rooms.ErrRefused, "pinned": rooms.ErrPinned,
	"weakened": rooms.ErrWeakened, "endless": rooms.ErrEndless, "impostor": rooms.ErrImpostor, "not_there": rooms.ErrNotInRoom,
	"not_connected": rooms.ErrOffline, "closed": rooms.ErrClosed, "not_the_blob": rooms.ErrDamaged, "skipped": rooms.ErrSkipped,
	"not_sent_now": rooms.ErrNoStream, "elsewhere": rooms.ErrElsewhere, "move_loop": rooms.ErrMoveLoop, "move_chain": rooms.ErrMoveChain,
	"move_place": rooms.ErrMovePlace, "move_count": rooms.ErrMoveCount, "stranger": rooms.ErrStranger, "no_message": rooms.ErrNoMessage,
	"name_form": rooms.ErrName, "password_form": rooms.ErrPassword, "no_blob": rooms.ErrNoBlob, "newer_client": errors.New(rooms.NewerClient),

	"not_stored": media.ErrNotStored, "store_too_large": media.ErrBlobTooLarge, "store_full": media.ErrStoreFull, "disk_full": media.ErrDiskFull,
	"receiving": media.ErrBusy, "hash": media.ErrHash, "given_up": media.ErrGivenUp, "file_shrank": media.ErrShrank, "file_grew": media.ErrGrew,
	"file_empty": media.ErrEmpty, "not_picture": media.ErrNotPicture, "mislabelled": media.ErrMislabelled, "truncated": media.ErrTruncated,
	"corrupt": media.ErrCorrupt, "zero_size": media.ErrZeroSize, "side_too_long": media.ErrSideTooLong,
	"too_many_pixels": media.ErrTooManyPixels, "too_many_bytes": media.ErrTooManyBytes, "animation_limit": media.ErrAnimationLimit,
	"no_ffmpeg": video.ErrNoFFmpeg, "no_video": video.ErrNoVideo, "video_damaged": video.ErrDamaged, "video_too_large": video.ErrTooLarge,
	"ffmpeg_crashed": video.ErrCrashed,

	"connection_refused": syscall.ECONNREFUSED, "connection_reset": syscall.ECONNRESET, "broken_pipe": syscall.EPIPE,
	"no_route": syscall.EHOSTUNREACH, "unreachable": syscall.ENETUNREACH, "timed_out": syscall.ETIMEDOUT, "io_timeout": os.ErrDeadlineExceeded,
	"deadline": context.DeadlineExceeded, "end": io.EOF, "no_file": syscall.ENOENT, "no_permission": syscall.EACCES,
	"is_folder": syscall.EISDIR, "no_space": syscall.ENOSPC, "read_only": syscall.EROFS,
}

func language(t *testing.T, code string) *words.Catalogue {
	t.Helper()
	c, err := words.Load(code)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every error of the protocol, by its number, and every other one that we tell apart is said in every language; the
// English of the catalogue is the errors' own.
func TestEveryErrorIsSaidInEveryLanguage(t *testing.T) {
	all := make(map[string]error)
	for key, err := range translated {
		all["error."+key] = err
	}
	for n := range wire.ErrorNumber(1000) {
		if !strings.HasPrefix(n.Name(), "error ") {
			all["error."+strings.ToLower(n.Name())] = n
		}
	}
	for _, code := range words.Languages() {
		c := language(t, code)
		for key, err := range all {
			switch {
			case !c.Has(key):
				t.Errorf("%s has no %q", code, key)
			case Reason(c, err) != c.Say(key):
				t.Errorf("%s says %q for %q, and in the catalogue stands %q", code, Reason(c, err), err, c.Say(key))
			}
		}
		for _, key := range c.Keys() {
			if strings.HasPrefix(key, "error.") && all[key] == nil {
				t.Errorf("%s: no error is %q", code, key)
			}
		}
	}
}

func TestAnErrorIsSaidByWhatIsKnownOfIt(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, of := range []struct {
		name, reason, cause string
		err                 error
	}{
		{
			"a refusal by its number, whatever its sentence", "서버가 가득 찼습니다.", "서버가 가득 찼습니다.",
			fmt.Errorf("joining: %w", &rooms.ServerError{Number: wire.ErrFull, Sentence: "No."}),
		},
		{
			"a refusal with a time to wait", "한꺼번에 너무 많습니다. 잠시 기다리세요. (5s)", "한꺼번에 너무 많습니다. 잠시 기다리세요. (5s)",
			&rooms.ServerError{Number: wire.ErrRate, Wait: 5 * time.Second, Sentence: "Too much at once; wait."},
		},
		{
			"what was tried, and what lies below it", "응답하는 kchat 서버가 없습니다", "연결이 거부되었습니다",
			fmt.Errorf("%w at 127.0.0.1:10106: %w", rooms.ErrNoServer, refused),
		},
		{
			"a number that this program does not know", "Wait for the moon.", "The server answered error 999.",
			&rooms.ServerError{Number: 999, Sentence: "Wait for the moon."},
		},
		{"something of nobody's", "the moon is away", "the moon is away", errors.New("the moon is away")},
		{"nothing", "", "", nil},
	} {
		e := &env{words: language(t, "ko")}
		if got := e.reason(of.err); got != of.reason {
			t.Errorf("%s: the reason is %q, not %q", of.name, got, of.reason)
		}
		if got := e.cause(of.err); got != of.cause {
			t.Errorf("%s: the cause is %q, not %q", of.name, got, of.cause)
		}
	}
}
