#!/usr/bin/perl
# list, explain and check tell what the cf makes of the entries: the K line's
# options -f, -m, -q and -a, FEATURE(lookupdotdomain), and rules of its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Site;

my $TEXT = <<"END";
Try_TLS:a.example\tNO
TRY_TLS:b.example\tNO
TRY_TLS:[192.0.2.1]\tNO
Try_TLS:[192.0.2.2]\tNO
Try_TLS:.c.example\tNO
Try_TLS:[d.example]\tNO
Try_TLS:.\tNO
Try_TLS:[\tNO
Srv_Features:e.example\tS
Srv_Features:f.example\ttemp S
END

# The map is made as the K line has it.
sub site_with {
	my ($options, $rules) = @_;
	site($TEXT);
	spew($CF, "V10/Berkeley\nKaccess hash $options -T<TMPF> -o $ACCESS\n"
	    . ($rules // ''));
	unlink "$ACCESS.db";
	my @fold = $options =~ /-f/ ? '-f' : ();
	is(makemap($CF, 'hash', $ACCESS, $TEXT, @fold)->{err}, '', "K $options");
	return;
}

# {KEY => why it is not in force, or ''}
sub reasons {
	my $r = tlsoff('-C', $CF, '-j', 'list');
	return { map { $_->{key} => $_->{reason} // '' }
	    @{ decode_json($r->{out})->{entries} } };
}

sub codes {
	my $r = tlsoff('-C', $CF, '-j', 'check');
	return join ' ', sort grep { $_ eq 'config' }
	    map { $_->{code} } @{ decode_json($r->{out})->{findings} };
}

sub asked {
	my $r = tlsoff('-C', $CF, '-j', 'explain', @_);
	return { %{ decode_json($r->{out}) }, status => $r->{status} };
}

my $never = 'sendmail never asks for this key';

site_with('');
is_deeply(reasons(), {
	'Try_TLS:a.example' => '', 'TRY_TLS:b.example' => '',
	'TRY_TLS:[192.0.2.1]' => '', 'Try_TLS:[192.0.2.2]' => '',
	'Try_TLS:.c.example' => $never, 'Try_TLS:[d.example]' => $never,
	'Try_TLS:.' => $never, 'Try_TLS:[' => $never,
	'Srv_Features:e.example' => '',
	'Srv_Features:f.example' => 'value turns the host away',
}, 'as Debian has it, the case of a tag does not count');
is(codes(), '', '... and check has nothing to say of the cf');

site_with('-f');
my $otherwise = "the cf's K line has -f, and the tag is written otherwise";
my $with_f = reasons();
is($with_f->{'TRY_TLS:b.example'}, $otherwise, 'with -f it does');
is($with_f->{'TRY_TLS:[192.0.2.1]'}, $otherwise, '... of an address as well');
is($with_f->{'Try_TLS:[192.0.2.2]'}, '', '... which is in force as sendmail asks');
is($with_f->{'Try_TLS:a.example'}, '', '... as a name is');

site_with('-q');
is_deeply([values %{ reasons() }], [("the cf's K line has -q") x 10],
    'with -q no entry is in force');
is(codes(), 'config', '... and check finds that');

site_with('-m');
is(reasons()->{'Try_TLS:a.example'}, 'value is not NO',
    'with -m the key is the value');
is(codes(), 'config', '... and check finds that');
is(asked('client', 'a.example')->{tls}, 'on', '... and explain, too');

site_with('-a.');
is(reasons()->{'Try_TLS:a.example'}, 'value is not NO',
    'with -a something is added to the value');
is(codes(), 'config', '... and check finds that');
is(asked('client', 'a.example')->{value}, 'NO.', '... and explain shows it');

my $dot = "SD\nR<\$+> <\$+.\$+> <\$+> <\$- \$-> <\$*>\t"
    . "\$: < \$(access \$5:.\$2 \$: ? \$) > <\$1> <\$2> <\$3> <\$4 \$5> <\$6>\n";
site_with('-f', $dot);
is(reasons()->{'Try_TLS:.c.example'}, '',
    'with lookupdotdomain a name may begin with a dot');
like(tlsoff('-C', $CF, 'review')->{out},
    qr/^Try_TLS:\.c\.example \(line \d+\): cannot be tried: its key is that of no single host/m,
    '... which names no host that review could try');
is(reasons()->{'Try_TLS:.'}, $never, '... but has to be one');
is(reasons()->{'Try_TLS:a.example'}, '', '... and need not');

# ---- rules of the cf's own ----

for (['Local_try_tls', 'client'], ['Local_srv_features', 'server']) {
	my ($set, $role) = @$_;
	site_with('', "S$set\nR\$*\t\t\$# OK\n");
	is(codes(), 'config', "rules in $set: check tells");
	my @hosts = ($role eq 'client' ? 'a.example' : 'e.example', '192.0.2.9');
	like(join("\n", @{ asked($role, @hosts)->{warnings} }),
	    qr/\Q$set\E is not empty and is asked first/, '... explain warns');
}

# ---- many entries ----

$TEXT = join '', map { "Try_TLS:mx$_.example\tNO\n" } 1 .. 300;
site_with('');
is(scalar(grep { $_ eq '' } values %{ reasons() }), 300,
    'a long list is as right as a short one');

done_testing();
