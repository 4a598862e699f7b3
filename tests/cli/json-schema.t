#!/usr/bin/perl
# Every document that -j prints is one that the schema we ship describes, member
# by member; and the schema is not so loose that anything is.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Site;

my $schema = "$TOP/src/dist/tlsoff.schema.json";
my $dir = scratch();
my (@files, %verbs);

sub validate { return run(['jsonschema', map({ ('-i', $_) } @_), $schema]); }

sub document {
	my ($verb, @words) = @_;
	my $option = ref $words[-1] eq 'HASH' ? pop @words : {};
	my $r = tlsoff('-C', $CF, '-j', $verb, @words, $option);
	isnt($r->{out}, '', "$verb @words: a document") or diag($r->{err});
	push @files, "$dir/" . @files . '.json';
	spew($files[-1], $r->{out});
	$verbs{$verb}++;
	return;
}

my @none = ('--restart', 'none');
my $fails = script("$dir/fails", "#!/bin/sh\nexit 3\n");
site("# tlsoff until 2020-01-01: ticket 1\nTry_TLS:a.example\tNO\n"
    . "Srv_Features:s.example\tV S\nTry_TLS:odd.example\tNO # x\nTo:broken\n"
    . "Clt_Features:c.example\tS\n" . canit_section() . "Try_TLS:m.example\tNO\n");
document('list');
document('explain', 'client', 'a.example');
document('explain', 'server', 's.example', '192.0.2.1');
document('explain', 'client', 'none.example');
document('check', '--warn', '30d');
document('check', '--fix', '-n');
document('review', '--timeout', '1', 'none.example');
document('client', '-n', 'new.example', 'm.example');
document('client', @none, '-u', '2099-12-31', '-c', 'why', 'new.example', '192.0.2.1');
document('client', '--restart-command', $fails, 'fails.example');
document('server', @none, 's2.example');
document('remove', @none, 'client', 'new.example', 'none.example');
document('apply', @none, '-', { stdin => "client b.example # x\n" });
document('expire', @none);
document('check', '--fix', @none);
document('scan', $_) for glob "$TOP/tests/fixtures/maillog/*.log "
    . "$TOP/tests/fixtures/maillog/writers/*";
# Failures.
document('client', 'not a host');
document('list', '--frob');
document('explain', 'client', '@');
document('list', '-f', '/nowhere/access');
document('apply', '/nowhere/list');
document('scan', '/nowhere/log');

cmp_ok(scalar @files, '>', 30, 'many documents');
my $r = validate(@files);
is($r->{status}, 0, 'all are as the schema has it') or diag($r->{out}, $r->{err});

# Each verb that has documents was asked for one.
my @all = grep { !/\A(?:help|version)\z/ } tlsoff('--help')->{out} =~ /tlsoff \[options\] (\w+)/g;
is_deeply([grep { !$verbs{$_} } @all], [], 'of every verb');

# It says no where it should.
for my $file (@files) {
	my $d = decode_json(slurp($file));
	for my $change (sub { $_[0]{schema} = 2 }, sub { delete $_[0]{schema} },
	    sub { $_[0]{more} = 1 }) {
		$change->(my $copy = decode_json(slurp($file)));
		spew("$dir/wrong.json", encode_json($copy));
		push @wrong::files, "$dir/wrong." . @wrong::files . '.json';
		rename "$dir/wrong.json", $wrong::files[-1] or die $!;
	}
}
$r = validate(@wrong::files);
is($r->{status}, 1, 'another number, no number, a member more: not that');
is(() = $r->{err} =~ /is not valid under any of the given schemas/g, scalar @wrong::files,
    '... of each');

done_testing();
