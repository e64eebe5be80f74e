// SPDX-License-Identifier: GPL-2.0-only
/* The table of limits: module parameters and what PARAM_SET may change. */
#include "param.h"

#include <linux/module.h>
#include <linux/moduleparam.h>

#include "server.h"
#include "worker.h"

const struct kchat_param_info kchat_params[KCHAT_PARAM_COUNT] = {
#define KCHAT_PARAM_INFO(name, def, min, max, unit, what) { #name, min, max, unit, what },
	KCHAT_PARAMS(KCHAT_PARAM_INFO)
#undef KCHAT_PARAM_INFO
};

/* What a namespace's server begins with. */
static u64 defaults[KCHAT_PARAM_COUNT] = {
#define KCHAT_PARAM_DEFAULT(name, def, min, max, unit, what) def,
	KCHAT_PARAMS(KCHAT_PARAM_DEFAULT)
#undef KCHAT_PARAM_DEFAULT
};

static bool param_allows(const struct kchat_param_info *info, u64 value)
{
	return value >= info->min && value <= info->max;
}

static int param_module_set(const char *text, const struct kernel_param *param)
{
	u64 *slot = param->arg, value;
	int err = kstrtou64(text, 0, &value);

	if (err)
		return err;
	if (!param_allows(&kchat_params[slot - defaults], value))
		return -ERANGE;
	WRITE_ONCE(*slot, value);
	return 0;
}

static int param_module_get(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%llu\n", READ_ONCE(*(u64 *)param->arg));
}

static const struct kernel_param_ops param_module_ops = {
	.set = param_module_set,
	.get = param_module_get,
};

#define KCHAT_PARAM_MODULE(name, def, min, max, unit, what)			\
	module_param_cb(name, &param_module_ops, &defaults[KCHAT_P_##name], 0444);	\
	MODULE_PARM_DESC(name, what ": " #def " " unit);
KCHAT_PARAMS(KCHAT_PARAM_MODULE)
#undef KCHAT_PARAM_MODULE

void kchat_param_init(struct kchat_net *kn)
{
	memcpy(kn->values, defaults, sizeof(kn->values));
}

int kchat_param_set(struct kchat_net *kn, const char *name, u64 value)
{
	unsigned int i;

	for (i = 0; i < KCHAT_PARAM_COUNT; i++) {
		if (strcmp(kchat_params[i].name, name))
			continue;
		if (!param_allows(&kchat_params[i], value))
			return -ERANGE;
		WRITE_ONCE(kn->values[i], value);
		kchat_workers_look();
		return 0;
	}
	return -ENOENT;
}
