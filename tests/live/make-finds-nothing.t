#!/usr/bin/perl
# After a change no distribution's own way of building maps finds work left
# for access.db: Debian's generated Makefile, and rules of the shape of Red
# Hat's /etc/mail/make (newer than) and FreeBSD's Makefile (bmake).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = debian_site(debian_access() . canit_section());

# Each prints a word when it would build access.db.
my $red_hat = script('/etc/mail/make', <<'END');
#!/bin/sh
makedb() { if test "${1%.db}" -nt "$1"; then echo BUILD "$1"; fi; }
cd /etc/mail && makedb access.db
END
spew('/etc/mail/Makefile.freebsd', <<'END');
SENDMAIL_MAP_SRC += mailertable access
.for _f in ${SENDMAIL_MAP_SRC}
.if exists(${_f})
SENDMAIL_MAP_OBJ += ${_f}.db
.endif
${_f}.db: ${_f}
	@echo BUILD ${.TARGET} from ${.OODATE}
.endfor
maps: ${SENDMAIL_MAP_OBJ}
END
my %way = (
	'Debian' => sub {
		my $r = run(['make', '-C', '/etc/mail', '-n']);
		return $r->{out} =~ /makemap hash/ ? 'work' : $r->{status};
	},
	"Debian's target" => sub {
		return run(['make', '-C', '/etc/mail', '-q',
		    '/etc/mail/access.db'])->{status} ? 'work' : 0;
	},
	'Red Hat' => sub {
		my $r = run([$red_hat]);
		return $r->{out} =~ /BUILD/ ? 'work' : $r->{status};
	},
	'FreeBSD' => sub {
		my $r = run(['bmake', '-f', 'Makefile.freebsd', 'maps'],
		    dir => '/etc/mail');
		return $r->{out} =~ /BUILD/ ? 'work' : $r->{status};
	},
);

for my $builder (qw(makemap libdb)) {
	# A text edited by hand, its map not built: every way sees it.
	my $later = time + 2;
	utime $later, $later, $site->{access};
	is($way{$_}->(), 'work', "$_ sees an edit that was not built")
	    for sort keys %way;
	# The text's own time may be ahead of the clock: the map's follows.
	for my $verb (['client', 'luna.bagoona.com'],
	    ['remove', 'client', 'luna.bagoona.com'],
	    ['server', map { "h$_.example" } 1 .. 50],
	    ['remove', 'server', map { "h$_.example" } 1 .. 50]) {
		tlsoff_ok('-b', $builder, @$verb);
		is($way{$_}->(), 0, "$builder, @$verb[0, 1]: nothing left for $_")
		    for sort keys %way;
	}
}

done_testing();
