// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"
)

// Names that vectors share.
var (
	idA       = ID{0x01, 0x91, 0x2f, 0x5e, 0x8a, 0x00, 0x7c, 0x01, 0x80, 0, 0, 0, 0, 0, 0, 0x0a}
	idB       = ID{0x01, 0x91, 0x2f, 0x5e, 0x8b, 0x00, 0x7c, 0x02, 0x80, 0, 0, 0, 0, 0, 0, 0x0b}
	markA     = ID{0xaa, 1, 2, 3}
	uuidA     = [16]byte{0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x43, 0x33, 0x84, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55}
	uuidB     = [16]byte{0x66, 0x66, 0x66, 0x66, 0x77, 0x77, 0x48, 0x88, 0x89, 0x99, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa}
	nonceA    = [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	hashA     = [32]byte{0xe3, 0xb0, 0xc4, 0x42, 31: 0x55}
	keyA      = [32]byte{0xd0, 31: 0x0d}
	keyB      = [32]byte{0xd1, 31: 0x1d}
	someEpoch = uint64(3)<<32 | 7
	someTime  = uint64(1_763_700_000_000_000)
)

func descriptor() *Descriptor {
	return &Descriptor{Hash: hashA, Size: 48213, Width: 640, Height: 480, MIME: "image/png", Name: "고양이.png"}
}

func good(meaning, from, state string, h Header, body Body) vector {
	v := vector{meaning: []string{meaning}, frame: AppendFrame(nil, h, body)}
	v.set("from", from)
	if state != "" {
		v.set("state", state)
	}
	v.set("result", "ok")
	v.set("ends", "0")
	v.fields = append(v.fields, describe(h, body)...)
	return v
}

func fromClient(meaning, state string, h Header, body Body) vector {
	return good(meaning, "client", state, h, body)
}

func fromServer(meaning string, h Header, body Body) vector {
	return good(meaning, "server", "", h, body)
}

// bad is a frame of a client that is not to be handled; change may spoil its bytes.
func bad(meaning, state, result string, ends bool, h Header, body Body, change func([]byte) []byte) vector {
	v := vector{meaning: []string{meaning}, frame: AppendFrame(nil, h, body)}
	if change != nil {
		v.frame = change(v.frame)
	}
	v.set("from", "client")
	v.set("state", state)
	v.set("result", result)
	if ends {
		v.set("ends", "1")
	} else {
		v.set("ends", "0")
	}
	return v
}

func length(n uint32) func([]byte) []byte {
	return func(b []byte) []byte {
		binary.LittleEndian.PutUint32(b, n)
		return b
	}
}

func setByte(at int, value byte) func([]byte) []byte {
	return func(b []byte) []byte {
		b[at] = value
		return b
	}
}

// cutBody drops the last n bytes and says so in the length.
func cutBody(n int) func([]byte) []byte {
	return func(b []byte) []byte {
		b = b[:len(b)-n]
		return length(uint32(len(b) - LengthLen))(b)
	}
}

func allVectors(t *testing.T) map[string][]vector {
	return map[string][]vector{
		"login": loginVectors(), "rooms": roomVectors(), "talk": talkVectors(), "passing": passingVectors(),
		"streams": streamVectors(), "questions": questionVectors(), "bad": badVectors(), "badtalk": badTalkVectors(),
		"scram": scramVectors(t), "discover": discoverVectors(),
	}
}

func loginVectors() []vector {
	passwd := Passwd{Iterations: 4096, Salt: nonceA, StoredKey: keyA, ServerKey: keyB}
	passwd.Proof = PasswdProof(keyA, passwd)
	return []vector{
		fromClient("The first frame of a client.", "NEW", Header{Type: TypeHello, ID: markA},
			Hello{Version: 1, Agent: "kchat-tui/1.0"}),
		fromServer("The answer, with three limits.", Header{Type: TypeWelcome, ID: markA}, Welcome{
			Version: 1, Iterations: 4096, Features: FeatureRegister, Server: uuidA, Community: uuidB, Nonce: nonceA, Name: "우리집",
			Limits: []Limit{{LimitText, TextMax}, {LimitPingMS, 5000}, {LimitSilenceMS, 10000}},
		}),
		fromClient("SCRAM's client-first-message.", "GREETED", Header{Type: TypeAuth, ID: markA},
			Raw("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")),
		fromServer("SCRAM's server-first-message.", Header{Type: TypeChallenge, ID: markA},
			Raw("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")),
		fromClient("SCRAM's client-final-message.", "CHALLENGED", Header{Type: TypeProof, ID: markA},
			Raw("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")),
		fromServer("A login that succeeded.", Header{Type: TypeAuthOK, ID: markA}, AuthOK{
			Account: 1, Session: 99, Flags: PersonAdmin, Name: "User", Data: []byte("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
		}),
		fromClient("A session resumed after its connection broke.", "GREETED", Header{Type: TypeResume, ID: markA},
			Resume{Session: 99, Kind: ResumeSession, Nonce: nonceA, Proof: ResumeProof(keyA, ResumeSession, uuidA, nonceA)}),
		fromClient("The media connection of a session.", "GREETED", Header{Type: TypeResume, ID: markA},
			Resume{Session: 99, Kind: ResumeMedia, Nonce: nonceA, Proof: ResumeProof(keyA, ResumeMedia, uuidA, nonceA)}),
		fromClient("An account is asked for, with an invite code.", "GREETED", Header{Type: TypeRegister, ID: markA},
			Register{Iterations: 4096, Salt: nonceA, StoredKey: keyA, ServerKey: keyB, Name: "Zoë", Code: "K7-Q2"}),
		fromServer("The account is made.", Header{Type: TypeRegistered, ID: markA}, Number{Value: 12}),
		fromClient("The verifiers of one's own account are changed; the session key is d0 00 .. 0d.", "OPEN",
			Header{Type: TypePasswd, ID: markA}, passwd),
		fromClient("The session ends.", "OPEN", Header{Type: TypeBye}, Empty{}),
		fromServer("A refusal that says how long to wait.", Header{Type: TypeError, ID: markA}, ErrorBody{
			Number: ErrAuthLimit, Cause: TypeAuth, Wait: 30 * time.Second, Sentence: ErrAuthLimit.Error(),
		}),
		fromServer("A refusal after which the connection ends.", Header{Type: TypeError, Flags: FlagLast}, ErrorBody{
			Number: ErrReplaced, Sentence: ErrReplaced.Error(),
		}),
		fromServer("A request was done.", Header{Type: TypeOK, ID: markA}, Empty{}),
		fromClient("Are you there?", "OPEN", Header{Type: TypePing, ID: markA}, Raw("12345678")),
		fromClient("Here.", "OPEN", Header{Type: TypePong, ID: markA}, Raw("12345678")),
	}
}

func roomVectors() []vector {
	room := Header{Room: 7, Epoch: someEpoch, Seq: 41, ID: markA}
	of := func(kind Type, flags Flags) Header {
		h := room
		h.Type, h.Flags = kind, flags
		return h
	}
	return []vector{
		fromClient("A newcomer joins.", "OPEN", Header{Type: TypeJoin, ID: markA}, Join{Name: "lobby"}),
		fromClient("Somebody comes back, and makes the room for practice if it is gone.", "OPEN", Header{Type: TypeJoin, ID: markA},
			Join{Epoch: someEpoch, Seq: 17, Flags: RoomPractice | JoinBacklog, Backlog: 100, Name: "연습"}),
		fromServer("The answer.", of(TypeJoined, 0), Joined{
			Start: 17, First: 3, Made: someTime, People: 2, Flags: RoomPractice, Backlog: 50, Name: "lobby", Topic: "what we talk about",
		}),
		fromServer("The people of the room, in one frame.", of(TypeRoster, FlagLast), People{
			{Account: 1, State: PersonPresent, Sessions: 2, Name: "User"},
			{Account: 5, State: PersonReconnecting, Flags: PersonBot, Name: "bot"},
		}),
		fromServer("All before this was said before the join.", of(TypeLive, 0), Empty{}),
		fromClient("A room is left.", "OPEN", Header{Type: TypePart, Room: 7, ID: markA}, Empty{}),
		fromServer("It was left.", of(TypeParted, 0), Parted{}),
		fromClient("A newcomer who knows the room's password, of which the key is d0 00 .. 0d.", "OPEN", Header{Type: TypeJoin, ID: markA},
			Join{Name: "secret", Proof: JoinProof(keyA, nonceA, "secret")}),
		fromClient("An operator removes somebody.", "OPEN", Header{Type: TypeRule, Room: 7, ID: markA},
			Ruling{Action: RuleKick, Account: 5, Text: "enough of this"}),
		fromServer("Everybody hears of it.", Header{Type: TypeRuled, Room: 7, Epoch: someEpoch, Seq: 42, Time: someTime, Sender: 1, ID: markA},
			Ruling{Action: RuleKick, Account: 5, Text: "enough of this"}),
		fromClient("A ban for an hour, without a word.", "OPEN", Header{Type: TypeRule, Room: 7, ID: markA}, Ruling{Action: RuleBan, Seconds: 3600, Account: 5}),
		fromClient("The room is moderated from now on, and nobody but operators sets its topic.", "OPEN", Header{Type: TypeRule, Room: 7, ID: markA},
			Ruling{Action: RuleFlags, Seconds: RoomModerated | RoomTopicLocked}),
		fromClient("The room has no password any more.", "OPEN", Header{Type: TypeRule, Room: 7, ID: markA}, Ruling{Action: RulePassword}),
		fromServer("Somebody was removed.", of(TypeParted, 0), Parted{Reason: ErrKicked}),
		fromServer("The room has another home.", of(TypeMoved, 0), Moved{Server: uuidB, Port: 10107, Host: "192.0.2.7", Room: "lobby"}),
		fromServer("Lasting frames 18 to 30 were not sent.", of(TypeGap, 0), Gap{From: 17, To: 30}),
		fromServer("A repeat, with the numbers of the first one.",
			Header{Type: TypeAck, Room: 7, Epoch: someEpoch, Seq: 40, Time: someTime, Sender: 1, ID: idA}, Empty{}),
		fromClient("This client has kept everything up to 41.", "OPEN", Header{Type: TypeStored, Room: 7}, Stored{Epoch: someEpoch, Seq: 41}),
		fromClient("Somebody is away, and has been idle for five minutes.", "OPEN", Header{Type: TypeAway, ID: markA}, Away{On: true, Idle: 300}),
		fromClient("And is back.", "OPEN", Header{Type: TypeAway, ID: markA}, Away{}),
		fromClient("Somebody is asked into the room.", "OPEN", Header{Type: TypeInvite, Room: 7, ID: markA}, Number{Value: 5}),
		fromServer("And hears of it.", Header{Type: TypeInvited, Room: 7, Sender: 1, Time: someTime},
			Invited{Flags: RoomDirect, Room: "@1-5", Sender: "User"}),
	}
}

func talkVectors() []vector {
	relayed := Header{Type: TypeMsg, Room: 7, Epoch: someEpoch, Seq: 42, Time: someTime, Sender: 1, ID: idA}
	to := func(kind Type, flags Flags) Header { return Header{Type: kind, Flags: flags, Room: 7, ID: idB} }
	return []vector{
		fromClient("A message, as its author sends it.", "OPEN", Header{Type: TypeMsg, Room: 7, ID: idA}, Talk{Text: []byte("hello\n\t안녕 👋")}),
		fromServer("The same, as everybody gets it.", relayed, Talk{Text: []byte("hello\n\t안녕 👋")}),
		fromClient("An answer in a thread, with two mentions.", "OPEN", to(TypeMsg, 0),
			Talk{ReplyTo: idA, Thread: idA, Mentions: []uint64{1, 5}, Text: []byte("@User @bot yes")}),
		fromClient("A picture without a word.", "OPEN", to(TypeMsg, 0), Talk{Descriptor: descriptor(), Text: []byte{}}),
		fromClient("A message as long as may be.", "OPEN", to(TypeMsg, 0), Talk{Text: bytes.Repeat([]byte("x"), TextMax)}),
		fromClient("An edit.", "OPEN", to(TypeEdit, 0), Talk{Target: idA, Text: []byte("hello, world")}),
		fromClient("A deletion.", "OPEN", to(TypeDelete, 0), Talk{Target: idA, Text: []byte{}}),
		fromClient("A reaction.", "OPEN", to(TypeReact, 0), Talk{Target: idA, Text: []byte("👍")}),
		fromClient("A reaction taken back.", "OPEN", to(TypeReact, FlagRemove), Talk{Target: idA, Text: []byte("👍")}),
		fromClient("A topic.", "OPEN", to(TypeTopic, 0), Talk{Text: []byte("what we talk about")}),
		fromClient("A topic taken away.", "OPEN", to(TypeTopic, 0), Talk{Text: []byte{}}),
	}
}

func passingVectors() []vector {
	relayed := func(kind Type) Header {
		return Header{Type: kind, Room: 7, Epoch: someEpoch, Seq: 42, Time: someTime, Sender: 5, ID: markA}
	}
	return []vector{
		fromServer("Somebody came.", relayed(TypePresence), Person{Account: 5, State: PersonPresent, Sessions: 1, Name: "bot", Flags: PersonBot}),
		fromServer("Somebody left.", relayed(TypePresence), Person{Account: 5, State: PersonLeft, Name: "Zoë"}),
		fromClient("Typing begins.", "OPEN", Header{Type: TypeTyping, Room: 7}, Typing{On: true}),
		fromServer("Typing ends.", relayed(TypeTyping), Typing{}),
		fromClient("Everything up to 41 has been read.", "OPEN", Header{Type: TypeRead, Room: 7}, Stored{Epoch: someEpoch, Seq: 41}),
		fromServer("Somebody has read everything up to 41.", relayed(TypeRead), Stored{Epoch: someEpoch, Seq: 41}),
		fromServer("Three people, two of whom have stored everything.", relayed(TypeDelivered),
			Delivered{Present: 3, Steps: []Step{{Seq: 42, People: 2}, {Seq: 17, People: 3}}}),
		fromClient("Who wrote something between?", "OPEN", Header{Type: TypeWant, Room: 7, ID: markA},
			Want{FromEpoch: someEpoch - 1, FromSeq: 900, ToEpoch: someEpoch, ToSeq: 12}),
		fromClient("Who has this blob?", "OPEN", Header{Type: TypeBlobWant, Room: 7, ID: markA}, BlobWant{Hash: hashA, Offset: 16384}),
		fromClient("One's own words once more, for somebody.", "OPEN", Header{Type: TypeReoffer, Room: 7, ID: idA}, Reoffer{
			To: 5, Epoch: someEpoch - 1, Seq: 901, Time: someTime, Type: TypeMsg, Body: Talk{Text: []byte("said before")}.Append(nil),
		}),
		fromServer("The same, as the other gets it.", Header{Type: TypeReoffer, Room: 7, Sender: 1, ID: idA}, Reoffer{
			To: 5, Epoch: someEpoch - 1, Seq: 901, Time: someTime, Type: TypeMsg, Body: Talk{Text: []byte("said before")}.Append(nil),
		}),
		fromClient("An envelope from person to person.", "OPEN", Header{Type: TypeDirect, ID: markA}, Direct{To: 5, Data: []byte("\x00\x01\xff")}),
	}
}

func streamVectors() []vector {
	h := func(kind Type, flags Flags) Header { return Header{Type: kind, Flags: flags, Room: 7, ID: idB} }
	return []vector{
		fromClient("A picture is announced.", "OPEN", h(TypeStreamBegin, 0), StreamBegin{
			Size: 48213, Width: 640, Height: 480, Kind: StreamImage, Hash: hashA, MIME: "image/png", Name: "고양이.png",
		}),
		fromClient("Live video is announced.", "OPEN", h(TypeStreamBegin, 0), StreamBegin{
			Size: SizeUnknown, Width: 1280, Height: 720, Kind: StreamVideo, MIME: "video/mp4", Name: "live",
		}),
		fromClient("The rest of a file, for one person.", "OPEN", h(TypeStreamBegin, 0), StreamBegin{
			Size: 100000, Offset: 65536, To: 5, Kind: StreamFile, Hash: hashA, MIME: "application/zip", Name: "a.zip",
		}),
		fromClient("It is accepted, from the beginning.", "MEDIA", h(TypeStreamAccept, 0), Number{}),
		fromServer("Chunks will begin here.", h(TypeStreamStart, 0), Number{Value: 32768}),
		fromServer("The sender may go on.", h(TypeStreamCredit, 0), StreamCredit{Limit: 1 << 20, Takers: 3}),
		fromClient("A chunk a decoder can start with.", "MEDIA", h(TypeStreamChunk, FlagKeyframe), Raw(strings.Repeat("pixel", 20))),
		fromServer("The same, as takers get it.", Header{
			Type: TypeStreamChunk, Flags: FlagKeyframe, Room: 7, Seq: 32768, Time: someTime, Sender: 1, ID: idB,
		}, Raw(strings.Repeat("pixel", 20))),
		fromClient("The end.", "MEDIA", h(TypeStreamEnd, 0), StreamEnd{Size: 48213, Hash: hashA}),
		fromServer("Too slow.", h(TypeStreamCancel, 0), StreamCancel{Reason: ErrStreamSlow}),
	}
}

func questionVectors() []vector {
	q := func(kind Type, flags Flags) Header { return Header{Type: kind, Flags: flags, ID: markA} }
	return []vector{
		fromClient("Who is number 5?", "OPEN", q(TypeWhois, 0), Whois{Account: 5}),
		fromClient("Who is called so?", "OPEN", q(TypeWhois, 0), Whois{Login: "zoë"}),
		fromServer("This one.", q(TypePerson, 0), Person{Account: 5, State: PersonOffline, Name: "Zoë"}),
		fromClient("Who is connected?", "OPEN", q(TypePeople, 0), Number{}),
		fromServer("These, and no more.", q(TypePeopleAre, FlagLast), People{{Account: 1, State: PersonPresent, Sessions: 1, Name: "User"}}),
		fromClient("Which rooms come after number 7?", "OPEN", q(TypeRooms, 0), Number{Value: 7}),
		fromServer("These.", q(TypeRoomsAre, FlagLast), RoomList{{Number: 8, People: 2, Name: "lobby", Topic: "all"}, {Number: 9, Flags: RoomPractice, Name: "연습"}}),
		fromClient("How is the server?", "OPEN", q(TypeStatus, 0), Empty{}),
		fromServer("So.", q(TypeStatusIs, 0), StatusIs{
			Counters: []Counter{{CounterConnections, 2}, {CounterBytesOut, 1 << 40}}, Kernel: "6.12.48+deb13-cloud-amd64", Module: "1.0.0",
		}),
	}
}
