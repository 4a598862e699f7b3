/* By what sendmail is restarted on this system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "service_fixture.h"

static void
put_program(const char *name)
{
	put(name, "#!/bin/sh\n", 0755);
}

static void
find_is(enum service_mode mode, enum service_kind kind, const char *program,
    const char *one, const char *two)
{
	service_find(&service, &site, root, mode, NULL);
	assert_int_equal(service.kind, kind);
	if (program == NULL) {
		assert_null(service.argv[0]);
		return;
	}
	assert_string_equal(service.argv[0], in_root(program));
	assert_string_equal(service.argv[1], one);
	if (two == NULL)
		assert_null(service.argv[2]);
	else
		assert_string_equal(service.argv[2], two);
	assert_null(service.argv[3]);
}

static void
systemd_goes_first_where_it_runs(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/etc/init.d/sendmail");
	put_program("/usr/bin/systemctl");
	put("/lib/systemd/system/sendmail.service", "", 0644);
	find_is(SERVICE_RESTART, BY_PROGRAM, "/etc/init.d/sendmail", "restart",
	    NULL);
	make_directories("/run/systemd/system/");
	find_is(SERVICE_RESTART, BY_PROGRAM, "/usr/bin/systemctl", "restart",
	    "sendmail");
	find_is(SERVICE_RELOAD, BY_PROGRAM, "/usr/bin/systemctl",
	    "reload-or-restart", "sendmail");
}

static void
systemd_must_know_the_unit(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/bin/systemctl");
	put_program("/etc/init.d/sendmail");
	make_directories("/run/systemd/system/");
	find_is(SERVICE_RESTART, BY_PROGRAM, "/etc/init.d/sendmail", "restart",
	    NULL);
	/* What systemd makes of an init script, as on Debian. */
	put("/run/systemd/generator.late/sendmail.service", "", 0644);
	find_is(SERVICE_RESTART, BY_PROGRAM, "/bin/systemctl", "restart",
	    "sendmail");
	make_directories("/etc/systemd/system/");
	assert_int_equal(symlink("/dev/null",
	    in_root("/etc/systemd/system/sendmail.service")), 0);
	find_is(SERVICE_RESTART, BY_PROGRAM, "/etc/init.d/sendmail", "restart",
	    NULL);
}

static void
openrc_restarts_where_a_reload_may_be_missing(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/etc/init.d/sendmail");
	find_is(SERVICE_RELOAD, BY_PROGRAM, "/etc/init.d/sendmail", "reload",
	    NULL);
	put_program("/sbin/rc-service");
	find_is(SERVICE_RELOAD, BY_PROGRAM, "/sbin/rc-service", "sendmail",
	    "restart");
}

static void
bsd_scripts(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/usr/sbin/service");
	find_is(SERVICE_RESTART, BY_SIGNAL, NULL, NULL, NULL);
	put_program("/etc/rc.d/sendmail");
	find_is(SERVICE_RESTART, BY_PROGRAM, "/usr/sbin/service", "sendmail",
	    "restart");
	put_program("/usr/sbin/rcctl");
	find_is(SERVICE_RELOAD, BY_PROGRAM, "/usr/sbin/rcctl", "reload",
	    "sendmail");
}

static void
slackware_script_has_to_be_executable(void **state)
{
	(void)state;
	site.system_config = true;
	put("/etc/rc.d/rc.sendmail", "#!/bin/sh\n", 0644);
	find_is(SERVICE_RESTART, BY_SIGNAL, NULL, NULL, NULL);
	put_program("/etc/rc.d/rc.sendmail");
	find_is(SERVICE_RESTART, BY_PROGRAM, "/etc/rc.d/rc.sendmail", "restart",
	    NULL);
}

static void
smf_refreshes(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/usr/sbin/svcadm");
	put("/lib/svc/manifest/network/smtp-sendmail.xml", "", 0644);
	find_is(SERVICE_RESTART, BY_PROGRAM, "/usr/sbin/svcadm", "restart",
	    "svc:/network/smtp:sendmail");
	find_is(SERVICE_RELOAD, BY_PROGRAM, "/usr/sbin/svcadm", "refresh",
	    "svc:/network/smtp:sendmail");
}

static void
another_cf_is_served_by_signal(void **state)
{
	(void)state;
	put_program("/etc/init.d/sendmail");
	find_is(SERVICE_RESTART, BY_SIGNAL, NULL, NULL, NULL);
}

static void
a_command_goes_before_all(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/etc/init.d/sendmail");
	service_find(&service, &site, root, SERVICE_RESTART, "echo hello");
	assert_int_equal(service.kind, BY_COMMAND);
	assert_string_equal(service.argv[0], "/bin/sh");
	assert_string_equal(service.argv[2], "echo hello");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(systemd_goes_first_where_it_runs),
		in_scratch(systemd_must_know_the_unit),
		in_scratch(openrc_restarts_where_a_reload_may_be_missing),
		in_scratch(bsd_scripts),
		in_scratch(slackware_script_has_to_be_executable),
		in_scratch(smf_refreshes),
		in_scratch(another_cf_is_served_by_signal),
		in_scratch(a_command_goes_before_all),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("service_find", tests, NULL, NULL);
}
