// SPDX-License-Identifier: GPL-2.0-only

package device

import (
	"os"
	"strings"
	"testing"

	"kchat/wire"
)

// TestTheRequestsAreThoseOfTheHeader: the numbers that the preprocessor makes of the header's definitions.
func TestTheRequestsAreThoseOfTheHeader(t *testing.T) {
	header, err := os.ReadFile("../../kmod/uapi/kchat_device.h")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"#define KCHAT_IOC_MAGIC\t\t0xBA\n",
		"#define KCHAT_IOC_BACKLOG\t0x00000001\t",
		"_IOW(KCHAT_IOC_MAGIC, 1, struct kchat_ioc_join)",
		"_IOR(KCHAT_IOC_MAGIC, 2, struct kchat_ioc_login)",
		"struct kchat_ioc_join {\n\t__u32 flags;\n\t__u8 name[KCHAT_ROOM_NAME_MAX];\n};",
		"struct kchat_ioc_login {\n\t__u64 session;\n\t__u64 account;\n\t__u8 key[KCHAT_KEY_LEN];\n\t__u8 login[KCHAT_NAME_MAX];\n\t__u8 addr[16];\n\t__u16 port;\n\t__u16 reserved[3];\n};",
	} {
		if !strings.Contains(string(header), line) {
			t.Errorf("the header does not say %q", line)
		}
	}
	if iocJoin != 0x4044BA01 || iocLogin != 0x8088BA02 || wire.NameMax != 64 || wire.RoomNameMax != 64 || wire.KeyLen != 32 {
		t.Errorf("the requests are %#x and %#x", iocJoin, iocLogin)
	}
}
