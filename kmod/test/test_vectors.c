// SPDX-License-Identifier: GPL-2.0-only
/* The vectors of wire/testdata/: what clients send is judged, what servers send is built. */
#include <linux/kernel.h>

#include "anybody.h"
#include "vectors.h"

static const char *const files[] = {
	"login", "rooms", "talk", "badtalk", "passing", "questions", "streams", "bad",
};

static const char *const states[] = { "NEW", "GREETED", "CHALLENGED", "OPEN", "MEDIA" };

static const char *const errors[] = {
	[KCHAT_E_NONE] = "ok", [KCHAT_E_BAD_FRAME] = "BAD_FRAME", [KCHAT_E_TOO_LONG] = "TOO_LONG",
	[KCHAT_E_UNKNOWN_TYPE] = "UNKNOWN_TYPE", [KCHAT_E_WRONG_STATE] = "WRONG_STATE",
	[KCHAT_E_VERSION] = "VERSION", [KCHAT_E_UTF8] = "UTF8", [KCHAT_E_EMPTY] = "EMPTY",
	[KCHAT_E_AUTH] = "AUTH", [KCHAT_E_INVITE_CODE] = "INVITE_CODE", [KCHAT_E_NAME] = "NAME",
	[KCHAT_E_ROOM_NAME] = "ROOM_NAME",
};

static int judged, built, differences;

static enum kchat_conn_state state_of(const struct vector *v)
{
	const char *name = vector_get(v, "state");
	u32 i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (!strcmp(states[i], name))
			return i;
	CHECK(!"a known state");
	return 0;
}

static const char *judge(const struct vector *v, bool *ends)
{
	struct kchat_verdict verdict;
	enum kchat_error error;
	u8 *body;

	*ends = false;
	if (v->hex_len < KCHAT_HDR_LEN)
		return "incomplete";
	kchat_frame_check((const struct kchat_hdr *)v->hex, state_of(v), &verdict);
	*ends = verdict.fatal;
	if (verdict.fatal)
		return errors[verdict.error];
	if (v->hex_len < KCHAT_HDR_LEN + verdict.body_len)
		return "incomplete";
	if (!verdict.rule && !verdict.error)
		return "skip";
	error = verdict.error;
	if (!error) {
		/* In memory of exactly its size. */
		body = malloc(verdict.body_len + 1);
		memcpy(body + 1, v->hex + KCHAT_HDR_LEN, verdict.body_len);
		error = parse_any(verdict.rule->type, body + 1, verdict.body_len);
		free(body);
	}
	*ends = error == KCHAT_E_VERSION;
	return errors[error];
}

static void check_client(const struct vector *v)
{
	const char *want = vector_get(v, "result"), *got;
	bool ends;

	got = judge(v, &ends);
	if (!got || strcmp(got, want) || ends != vector_number(v, "ends")) {
		fprintf(stderr, "%s:%d: is %s (ends %d), not %s\n", v->file, v->line, got, ends,
			want);
		differences++;
	}
	judged++;
}

/* ---- what a server sends ------------------------------------------------ */

/* Text fields keep their bytes here while a frame is built. */
static u8 space[1 << 17];
static u32 used;

static const u8 *bytes_of(const struct vector *v, const char *name, u32 *len)
{
	u8 *start = space + used;

	*len = vector_bytes(v, name, start);
	used += *len;
	return start;
}

static const u8 *fixed_of(const struct vector *v, const char *name)
{
	u32 len;

	return bytes_of(v, name, &len);
}

static struct kchat_text text_of(const struct vector *v, const char *name)
{
	struct kchat_text text;

	text.data = (const char *)bytes_of(v, name, &text.len);
	return text;
}

static const char *item(const char *list, u32 index, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s.%u.%s", list, index, name);
	return path;
}

static struct kchat_person_entry person_of(const struct vector *v, const char *prefix)
{
	struct kchat_person_entry person;
	char name[64];

#define FIELD(field)	(snprintf(name, sizeof(name), "%s." field, prefix), name)
	person.account = vector_number(v, FIELD("account"));
	person.state = vector_number(v, FIELD("state"));
	person.flags = vector_number(v, FIELD("flags"));
	person.sessions = vector_number(v, FIELD("sessions"));
	person.name = text_of(v, FIELD("name"));
#undef FIELD
	return person;
}

static u32 build_people(const struct vector *v, u8 *out, u32 size, u16 type,
			const struct kchat_head *head)
{
	u32 count = vector_number(v, "body.count"), i;
	struct kchat_writer w;

	kchat_frame_begin(&w, out, size);
	for (i = 0; i < count; i++) {
		struct kchat_person_entry person;
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "body.%u", i);
		person = person_of(v, prefix);
		CHECK(kchat_frame_put_person(&w, &person));
	}
	return kchat_frame_end(&w, type, head);
}

static u32 build_rooms(const struct vector *v, u8 *out, u32 size, const struct kchat_head *head)
{
	u32 count = vector_number(v, "body.count"), i;
	struct kchat_writer w;

	kchat_frame_begin(&w, out, size);
	for (i = 0; i < count; i++) {
		struct kchat_room_entry room = {
			.number = vector_number(v, item("body", i, "number")),
			.people = vector_number(v, item("body", i, "people")),
			.flags = vector_number(v, item("body", i, "flags")),
			.name = text_of(v, item("body", i, "name")),
			.topic = text_of(v, item("body", i, "topic")),
		};

		CHECK(kchat_frame_put_room(&w, &room));
	}
	return kchat_frame_end(&w, KCHAT_T_ROOMS_ARE, head);
}

static u32 build_welcome(const struct vector *v, u8 *out, u32 size, const struct kchat_head *head)
{
	struct kchat_limit_value limits[16];
	struct kchat_welcome welcome = {
		.iterations = vector_number(v, "body.iterations"),
		.features = vector_number(v, "body.features"),
		.server_uuid = fixed_of(v, "body.server"),
		.community_uuid = fixed_of(v, "body.community"),
		.nonce = fixed_of(v, "body.nonce"),
		.name = text_of(v, "body.name"),
		.limits = limits,
		.n_limits = vector_number(v, "body.limits.count"),
	};
	u32 i;

	for (i = 0; i < welcome.n_limits; i++) {
		limits[i].number = vector_number(v, item("body.limits", i, "number"));
		limits[i].value = vector_number(v, item("body.limits", i, "value"));
	}
	return kchat_frame_build_welcome(out, size, head, &welcome);
}

static u32 build_auth_ok(const struct vector *v, u8 *out, u32 size, const struct kchat_head *head)
{
	struct kchat_auth_ok ok = {
		.account = vector_number(v, "body.account"),
		.session = vector_number(v, "body.session"),
		.flags = vector_number(v, "body.flags"),
		.name = text_of(v, "body.name"),
	};

	ok.data = bytes_of(v, "body.data", &ok.data_len);
	return kchat_frame_build_auth_ok(out, size, head, &ok);
}

static u32 build_status(const struct vector *v, u8 *out, u32 size, const struct kchat_head *head)
{
	struct kchat_counter_value counters[32];
	u32 count = vector_number(v, "body.counters.count"), i;
	struct kchat_text kernel, module;

	for (i = 0; i < count; i++) {
		counters[i].number = vector_number(v, item("body.counters", i, "number"));
		counters[i].value = vector_number(v, item("body.counters", i, "value"));
	}
	kernel = text_of(v, "body.kernel");
	space[used++] = 0;
	module = text_of(v, "body.module");
	space[used++] = 0;
	return kchat_frame_build_status(out, size, head, counters, count, kernel.data, module.data);
}

static u32 build_joined(const struct vector *v, u8 *out, u32 size, const struct kchat_head *head)
{
	struct kchat_joined joined = {
		.start = vector_number(v, "body.start"),
		.first = vector_number(v, "body.first"),
		.created = vector_number(v, "body.made"),
		.people = vector_number(v, "body.people"),
		.flags = vector_number(v, "body.flags"),
		.backlog = vector_number(v, "body.backlog"),
		.name = text_of(v, "body.name"),
		.topic = text_of(v, "body.topic"),
	};

	return kchat_frame_build_joined(out, size, head, &joined);
}

static u32 build_moved(const struct vector *v, u8 *out, u32 size, const struct kchat_head *head)
{
	struct kchat_moved moved = {
		.server_uuid = fixed_of(v, "body.server"),
		.port = vector_number(v, "body.port"),
		.host = text_of(v, "body.host"),
		.room = text_of(v, "body.room"),
	};

	return kchat_frame_build_moved(out, size, head, &moved);
}

static u32 build_invited(const struct vector *v, u8 *out, u32 size, const struct kchat_head *head)
{
	struct kchat_text room = text_of(v, "body.room"), name = text_of(v, "body.sender");

	return kchat_frame_build_invited(out, size, head, vector_number(v, "body.flags"), &room,
					 &name);
}

static u32 build_ruled(const struct vector *v, u8 *out, u32 size, const struct kchat_head *head)
{
	struct kchat_ruling ruling = {
		.action = vector_number(v, "body.action"),
		.seconds = vector_number(v, "body.seconds"),
		.account = vector_number(v, "body.account"),
		.text = text_of(v, "body.text"),
	};

	return kchat_frame_build_ruled(out, size, head, &ruling);
}

static u32 build_delivered(const struct vector *v, u8 *out, u32 size,
			   const struct kchat_head *head)
{
	struct kchat_delivered_step steps[KCHAT_DELIVERED_STEPS];
	u32 count = vector_number(v, "body.steps.count"), i;

	for (i = 0; i < count; i++) {
		steps[i].seq = vector_number(v, item("body.steps", i, "seq"));
		steps[i].people = vector_number(v, item("body.steps", i, "people"));
	}
	return kchat_frame_build_delivered(out, size, head, vector_number(v, "body.present"),
					   steps, count);
}

/* Frames that the server passes on as they came, but for the header. */
static u32 build_relayed(const struct vector *v, u8 *out, u32 size, u16 type,
			 const struct kchat_head *head)
{
	memcpy(out + KCHAT_HDR_LEN, v->hex + KCHAT_HDR_LEN, v->hex_len - KCHAT_HDR_LEN);
	kchat_frame_put_hdr((struct kchat_hdr *)out, type, v->hex_len - KCHAT_HDR_LEN, head);
	return v->hex_len;
}

static u32 build(const struct vector *v, u16 type, u8 *out, u32 size,
		 const struct kchat_head *head)
{
	struct kchat_person_entry person;
	const u8 *body;
	u32 len;

	switch (type) {
	case KCHAT_T_WELCOME:
		return build_welcome(v, out, size, head);
	case KCHAT_T_AUTH_OK:
		return build_auth_ok(v, out, size, head);
	case KCHAT_T_REGISTERED:
	case KCHAT_T_STREAM_START:
		return kchat_frame_build_u64(out, size, type, head, vector_number(v, "body.value"));
	case KCHAT_T_ERROR:
		return kchat_frame_build_error(out, size, head, vector_number(v, "body.number"),
					       vector_number(v, "body.cause"),
					       vector_number(v, "body.wait"));
	case KCHAT_T_PERSON:
	case KCHAT_T_PRESENCE:
		person = person_of(v, "body");
		return kchat_frame_build_person(out, size, type, head, &person);
	case KCHAT_T_PEOPLE_ARE:
	case KCHAT_T_ROSTER:
		return build_people(v, out, size, type, head);
	case KCHAT_T_ROOMS_ARE:
		return build_rooms(v, out, size, head);
	case KCHAT_T_STATUS_IS:
		return build_status(v, out, size, head);
	case KCHAT_T_JOINED:
		return build_joined(v, out, size, head);
	case KCHAT_T_PARTED:
		return kchat_frame_build_parted(out, size, head, vector_number(v, "body.reason"));
	case KCHAT_T_MOVED:
		return build_moved(v, out, size, head);
	case KCHAT_T_RULED:
		return build_ruled(v, out, size, head);
	case KCHAT_T_GAP:
		return kchat_frame_build_gap(out, size, head, vector_number(v, "body.from"),
					     vector_number(v, "body.to"));
	case KCHAT_T_INVITED:
		return build_invited(v, out, size, head);
	case KCHAT_T_DELIVERED:
		return build_delivered(v, out, size, head);
	case KCHAT_T_STREAM_CREDIT:
		return kchat_frame_build_stream_credit(out, size, head,
						       vector_number(v, "body.limit"),
						       vector_number(v, "body.takers"));
	case KCHAT_T_STREAM_CANCEL:
		return kchat_frame_build_stream_cancel(out, size, head,
						       vector_number(v, "body.reason"));
	case KCHAT_T_CHALLENGE:
	case KCHAT_T_STREAM_CHUNK:
		body = bytes_of(v, "body", &len);
		return kchat_frame_build(out, size, type, head, body, len);
	case KCHAT_T_OK:
	case KCHAT_T_LIVE:
	case KCHAT_T_ACK:
		return kchat_frame_build(out, size, type, head, NULL, 0);
	default:
		CHECK(kchat_frame_rule(type)->states);
		return build_relayed(v, out, size, type, head);
	}
}

static void check_server(const struct vector *v)
{
	const char *name = vector_get(v, "type");
	static u8 out[65536];
	struct kchat_head head;
	u32 type, len;

	used = 0;
	for (type = 0; type <= 0xffff; type++)
		if (kchat_frame_rule(type) && !strcmp(kchat_frame_rule(type)->name, name))
			break;
	CHECK(type <= 0xffff);
	head.flags = vector_number(v, "flags");
	head.room = vector_number(v, "room");
	head.epoch = vector_number(v, "epoch");
	head.seq = vector_number(v, "seq");
	head.time = vector_number(v, "time");
	head.sender = vector_number(v, "sender");
	head.id = fixed_of(v, "id");
	len = build(v, type, out, v->hex_len, &head);
	if (len != v->hex_len || memcmp(out, v->hex, len)) {
		fprintf(stderr, "%s:%d: %s is built otherwise\n", v->file, v->line, name);
		differences++;
	}
	built++;
}

static void check_vector(struct vector *v)
{
	if (!strcmp(vector_get(v, "from"), "client"))
		check_client(v);
	else
		check_server(v);
}

int main(int argc, char **argv)
{
	u32 i;

	CHECK(argc == 2);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		CHECK(vectors_read(argv[1], files[i], check_vector));
	printf("%s: %d frames of clients judged, %d of servers built\n", __FILE__, judged, built);
	CHECK(judged > 50 && built > 20);
	return differences ? 1 : 0;
}
