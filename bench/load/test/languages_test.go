// SPDX-License-Identifier: GPL-2.0-only

package load_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// language is how a server greets, and what it does with one request. What it does goes through relay.join and
// relay.deliver.
type language struct {
	greet   func(c net.Conn)
	request func(r *relay, c net.Conn, in *bufio.Reader) error
}

// languages are those of the load generator, as far as it uses them.
func languages() map[string]language {
	return map[string]language{
		"raw":   {request: raw},
		"redis": {request: redis},
		"irc":   {request: irc},
		"mqtt":  {request: mqtt},
		"nats": {request: nats, greet: func(c net.Conn) {
			_, _ = io.WriteString(c, "INFO {\"server_id\":\"relay\"}\r\n")
		}},
	}
}

// raw is bench/floor's.
func raw(r *relay, c net.Conn, in *bufio.Reader) error {
	frame := make([]byte, 8)
	if _, err := io.ReadFull(in, frame); err != nil {
		return err
	}
	rest := make([]byte, binary.LittleEndian.Uint32(frame)-4)
	if _, err := io.ReadFull(in, rest); err != nil {
		return err
	}
	if len(rest) > 0 {
		r.deliver(nil, func(text []byte) []byte {
			head := binary.LittleEndian.AppendUint32(nil, uint32(4+len(text)))
			return append(append(head, frame[4:]...), text...)
		}, rest)
		return nil
	}
	r.join(c)
	r.answer(c, frame)
	return nil
}

// words are those of a line that ends with CRLF.
func words(in *bufio.Reader) ([]string, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	found := strings.Fields(line)
	if len(found) == 0 || !strings.HasSuffix(line, "\r\n") {
		return nil, fmt.Errorf("a line %q", line)
	}
	return found, nil
}

// counted are so many bytes and CRLF.
func counted(in *bufio.Reader, size string) ([]byte, error) {
	n, err := strconv.Atoi(size)
	if err != nil {
		return nil, err
	}
	text := make([]byte, n+2)
	if _, err := io.ReadFull(in, text); err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(text, []byte("\r\n")) {
		return nil, errors.New("a text without CRLF")
	}
	return text[:n], nil
}

// redis: https://redis.io/docs/latest/develop/reference/protocol-spec/
func redis(r *relay, c net.Conn, in *bufio.Reader) error {
	said, err := words(in)
	if err != nil {
		return err
	}
	switch said[0] {
	case "SUBSCRIBE":
		r.join(c)
		r.answer(c, fmt.Appendf(nil, "*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n", len(said[1]), said[1]))
	case "PING":
		if r.isMember(c) {
			r.answer(c, []byte("*2\r\n$4\r\npong\r\n$0\r\n\r\n"))
		} else {
			r.answer(c, []byte("+PONG\r\n"))
		}
	case "*3":
		var args [3][]byte
		for i := range args {
			size, err := words(in)
			if err != nil {
				return err
			}
			if args[i], err = counted(in, strings.TrimPrefix(size[0], "$")); err != nil {
				return err
			}
		}
		if string(args[0]) != "PUBLISH" {
			return fmt.Errorf("%q", args[0])
		}
		r.deliver(nil, func(text []byte) []byte {
			return fmt.Appendf(nil, "*3\r\n$7\r\nmessage\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(args[1]), args[1], len(text), text)
		}, args[2])
		r.answer(c, fmt.Appendf(nil, ":%d\r\n", r.size()))
	default:
		return fmt.Errorf("%q", said)
	}
	return nil
}

// nats: https://docs.nats.io/reference/reference-protocols/nats-protocol
func nats(r *relay, c net.Conn, in *bufio.Reader) error {
	said, err := words(in)
	if err != nil {
		return err
	}
	switch said[0] {
	case "CONNECT":
	case "SUB":
		r.join(c)
		r.answer(c, []byte("PING\r\n"))
	case "PING":
		r.answer(c, []byte("PONG\r\n"))
	case "PONG":
	case "PUB":
		text, err := counted(in, said[2])
		if err != nil {
			return err
		}
		r.deliver(nil, func(text []byte) []byte {
			return fmt.Appendf(nil, "MSG %s 1 %d\r\n%s\r\n", said[1], len(text), text)
		}, text)
	default:
		return fmt.Errorf("%q", said)
	}
	return nil
}

// mqtt: MQTT 3.1.1, chapter 3.
func mqtt(r *relay, c net.Conn, in *bufio.Reader) error {
	kind, err := in.ReadByte()
	if err != nil {
		return err
	}
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return err
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(in, body); err != nil {
		return err
	}
	switch kind {
	case 0x10:
		if !bytes.HasPrefix(body, []byte("\x00\x04MQTT\x04\x02")) {
			return fmt.Errorf("CONNECT %q", body)
		}
		r.answer(c, []byte{0x20, 2, 0, 0})
	case 0x82:
		r.join(c)
		r.answer(c, []byte{0x90, 3, body[0], body[1], 0})
	case 0x30:
		topic := body[:2+binary.BigEndian.Uint16(body)]
		r.deliver(nil, func(text []byte) []byte {
			head := binary.AppendUvarint([]byte{0x30}, uint64(len(topic)+len(text)))
			return append(append(head, topic...), text...)
		}, body[len(topic):])
	case 0xc0:
		r.answer(c, []byte{0xd0, 0})
	case 0xe0:
	default:
		return fmt.Errorf("packet %#x", kind)
	}
	return nil
}

// irc: RFC 2812.
func irc(r *relay, c net.Conn, in *bufio.Reader) error {
	said, err := words(in)
	if err != nil {
		return err
	}
	switch said[0] {
	case "NICK":
		r.name(c, said[1])
	case "USER":
		r.answer(c, []byte(":relay 001 you :Welcome\r\nPING :relay\r\n:relay 376 you :End of MOTD\r\n"))
	case "PONG", "QUIT":
	case "JOIN":
		r.join(c)
		r.answer(c, fmt.Appendf(nil, ":%s!u@h JOIN :%s\r\n:relay 366 you %s :End of NAMES\r\n", r.named(c), said[1], said[1]))
	case "PING":
		r.answer(c, fmt.Appendf(nil, ":relay PONG relay :%s\r\n", said[1]))
	case "PRIVMSG":
		r.deliver(c, func(text []byte) []byte {
			return fmt.Appendf(nil, ":%s!u@h PRIVMSG %s :%s\r\n", r.named(c), said[1], text)
		}, []byte(strings.TrimPrefix(said[2], ":")))
	default:
		return fmt.Errorf("%q", said)
	}
	return nil
}
