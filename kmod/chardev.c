// SPDX-License-Identifier: GPL-2.0-only
/* /dev/kchat: what a program does with it. Whose file it is, see chardev_file.c. */
#include "chardev.h"

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "alloc.h"
#include "chardev_file.h"
#include "frame.h"

static ushort device_mode = 0660;
module_param(device_mode, ushort, 0444);
MODULE_PARM_DESC(device_mode, "permissions of /dev/kchat: 0660");

/* ---- read -------------------------------------------------------------- */

/* Lines for as long as there is place; under file->io. Bytes, or why there are none. */
static ssize_t device_drain(struct kchat_file *file, struct iov_iter *to)
{
	size_t total = 0, part;
	int err = 0;

	while (iov_iter_count(to)) {
		err = file->line ? 0 : kchat_file_fetch(file);
		if (err)
			break;
		part = copy_to_iter(file->line->data + file->line_off,
				    min_t(size_t, iov_iter_count(to),
					  file->line->len - file->line_off), to);
		if (!part) {
			err = -EFAULT;
			break;
		}
		total += part;
		file->line_off += part;
		if (file->line_off == file->line->len)
			kchat_file_consumed(file);
	}
	if (!total)
		return err;
	kchat_file_heard(file);
	return total;
}

static ssize_t device_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct kchat_file *file = iocb->ki_filp->private_data;
	bool wait = !(iocb->ki_filp->f_flags & O_NONBLOCK) && !(iocb->ki_flags & IOCB_NOWAIT);
	ssize_t done;
	int news;

	if (!iov_iter_count(to))
		return 0;
	for (;;) {
		/* Before the look: what comes after it makes the numbers differ. */
		news = atomic_read(&file->reader.news);
		if (mutex_lock_interruptible(&file->io))
			return -ERESTARTSYS;
		done = device_drain(file, to);
		mutex_unlock(&file->io);
		if (done == -ENOTCONN)
			return 0;
		if (done != -EAGAIN || !wait)
			return done;
		if (wait_event_interruptible(file->reader.wait,
					     atomic_read(&file->reader.news) != news))
			return -ERESTARTSYS;
	}
}

/* ---- write ------------------------------------------------------------- */

#define DEVICE_HEAD	8	/* of the body of a MSG: the length of no attributes */

/* The body of a MSG, checked, or an ERR_PTR. */
static struct kchat_ctl *device_message(struct iov_iter *from)
{
	size_t len = iov_iter_count(from);
	enum kchat_error error;
	struct kchat_talk talk;
	struct kchat_ctl *ctl;
	struct kvec vec;

	if (len > KCHAT_TEXT_MAX + 1)
		return ERR_PTR(-EMSGSIZE);
	ctl = kchat_ctl_alloc(DEVICE_HEAD + len, GFP_KERNEL);
	if (!ctl)
		return ERR_PTR(-ENOMEM);
	memset(ctl->data, 0, DEVICE_HEAD);
	if (!copy_from_iter_full(ctl->data + DEVICE_HEAD, len, from)) {
		kchat_ctl_free(ctl);
		return ERR_PTR(-EFAULT);
	}
	/* What "echo" puts behind a line is not part of it. */
	if (ctl->data[DEVICE_HEAD + len - 1] == '\n')
		len--;
	ctl->len = DEVICE_HEAD + len;
	vec.iov_base = ctl->data;
	vec.iov_len = ctl->len;
	error = len > KCHAT_TEXT_MAX ? KCHAT_E_TOO_LONG :
				       kchat_frame_parse_talk(KCHAT_T_MSG, &vec, 1, &talk);
	if (error == KCHAT_E_NONE)
		return ctl;
	kchat_ctl_free(ctl);
	return ERR_PTR(kchat_file_errno(error));
}

static ssize_t device_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct kchat_file *file = iocb->ki_filp->private_data;
	size_t len = iov_iter_count(from);
	struct kchat_ctl *message;
	int err;

	if (!len)
		return 0;
	message = device_message(from);
	if (IS_ERR(message))
		return PTR_ERR(message);
	err = kchat_file_tell(file, message);
	kchat_ctl_free(message);
	return err ? err : len;
}

/* ---- poll -------------------------------------------------------------- */

static __poll_t device_poll(struct file *filp, struct poll_table_struct *table)
{
	struct kchat_file *file = filp->private_data;
	bool company = false;
	__poll_t mask = 0;
	int err;

	poll_wait(filp, &file->reader.wait, table);
	mutex_lock(&file->io);
	if (!file->deaf && (file->line || !kchat_file_fetch(file)))
		mask |= EPOLLIN | EPOLLRDNORM;
	mutex_unlock(&file->io);

	err = kchat_file_company(file, &company);
	if (err == -ENOTCONN)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLHUP;
	if (err)
		mask |= EPOLLERR;
	if (company)
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

/* ---- ioctl ------------------------------------------------------------- */

static long device_join(struct kchat_file *file, const void __user *from)
{
	struct kchat_ioc_join request;
	u32 len;

	if (copy_from_user(&request, from, sizeof(request)))
		return -EFAULT;
	len = strnlen((const char *)request.name, sizeof(request.name));
	if (request.flags & ~KCHAT_IOC_BACKLOG ||
	    memchr_inv(request.name + len, 0, sizeof(request.name) - len))
		return -EINVAL;
	return kchat_file_join(file, request.name, len, request.flags & KCHAT_IOC_BACKLOG);
}

static long device_login(struct kchat_file *file, void __user *to)
{
	struct kchat_ioc_login login = {};
	long err = kchat_file_login(file, &login);

	if (!err && copy_to_user(to, &login, sizeof(login)))
		err = -EFAULT; /* nobody knows the key: it ends by itself */
	memzero_explicit(&login, sizeof(login));
	return err;
}

static long device_ioctl(struct file *filp, unsigned int command, unsigned long arg)
{
	switch (command) {
	case KCHAT_IOC_JOIN:
		return device_join(filp->private_data, (const void __user *)arg);
	case KCHAT_IOC_LOGIN:
		return device_login(filp->private_data, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

/* ---- open and close ---------------------------------------------------- */

static int device_open(struct inode *inode, struct file *filp)
{
	struct kchat_file *file = kchat_file_open(filp);

	if (IS_ERR(file))
		return PTR_ERR(file);
	filp->private_data = file;
	return stream_open(inode, filp);
}

static int device_release(struct inode *inode, struct file *filp)
{
	kchat_file_close(filp->private_data);
	return 0;
}

static const struct file_operations device_ops = {
	.owner		= THIS_MODULE,
	.open		= device_open,
	.release	= device_release,
	.read_iter	= device_read,
	.write_iter	= device_write,
	.poll		= device_poll,
	.unlocked_ioctl	= device_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "kchat",
	.fops	= &device_ops,
};

int kchat_device_init(void)
{
	device.mode = device_mode & 0777;
	return kchat_alloc_errno(misc_register(&device));
}

void kchat_device_exit(void)
{
	misc_deregister(&device);
}
