#!/usr/bin/perl
# Each allocation fails in turn while texts are planned and checked that show
# each finding, each kind of change and each warning: it ends as ever, or with
# status 70 or 71 and a message.  Nothing is built: see memory.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;

# With DANE, so that exempted hosts have companions, and with fallback.
$Tlsoff::Faults::Change::MORE_CF = "O DANE=true\nSclt_features\n"
    . "R\$+\t\t\$: \$>D <\$1> <?> <! \"Clt_Features\"> <>\n"
    . "Stls_clt_features\nR\$*\t\t\$@ \"\"\n";
faults_begin();

# A line for each finding, and for each way of mending it.
my $findings = <<"END";
Try_TLS:b.example\tNO
Try_TLS:a.b.example\tNO
Try_TLS:b.example\tNO
Try_TLS: stray.example NO
Try_TLS:key.example.\tNO
Try_TLS:10.1.2.0\tNO
Try_TLS:com\tNO
Try_TLS:note.example\tNO # why
Try_TLS:yes.example\tYES
Try_TLS:off.example\tOFF
Try_TLS:nobody\@example\tNO
Srv_Features:\tS
Srv_Features:hides.example\tV A
Srv_Features:a.hides.example\tS
Srv_Features:run.example\tVS
To:twice.example\tRELAY
To:twice.example\tRELAY
TLS_Srv:b.example\tVERIFY
TLS_Rcpt:rcpt.example\tENCR:112
Clt_Features:temp.example\ttemp
Clt_Features:none.example\tx
Clt_Features:note.example\tA # Some
TLS_Clt_Features:part.example\tFlags=C; Cipher=x
# tlsoff until 2001-12-31
# tlsoff until soon
# tlsoff until 2001-12-31: over
Try_TLS:over.example\tNO
# tlsoff until 2001-12-31: it is obeyed no more
Srv_Features:over.example\tV
# tlsoff until 2001-12-31: with another letter
Srv_Features:letters.example\tA S
 leading.example\tNO
no-value
$MARKER
# of ours
Try_TLS:managed.example\tNO # why
END

my $entries = <<"END";
Try_TLS:example\tNO
# tlsoff: because
Try_TLS:there.example.net\tNO
# tlsoff: because
Try_TLS:other.example.net\tOK # why
Srv_Features:example\tV A
Srv_Features:letters.example\tV S
Srv_Features:mail.letters.example\tV S
TLS_Srv:demands.example.net\tPERM+VERIFY
TLS_Srv:asks.example.net\tTEMP+VERIFY
TLS_Clt:demands.example\tPERM+VERIFY
TLS_Clt:asks.example\tTEMP+VERIFY
TLS_Rcpt:b.example\tVERIFY
TLS_Rcpt:a.example\tVERIFY
Try_TLS:there.example.net\tNO
$MARKER
# of ours
Try_TLS:managed.example.net\tNO # why
Try_TLS:covers.invalid\tNO
END

# Companions to be given, amended, moved and taken back; both kinds of exemption.
my $companions = <<"END";
Clt_Features:a.given.example\tA "(
Clt_Features:amended.example\tA # Some
Try_TLS:back.example\tNO
# tlsoff companion D
Clt_Features:back.example\tS A D
Try_TLS:stays.example\tNO
Try_TLS:a.stays.example\tNO
# tlsoff companion D
Clt_Features:stays.example\tD
TLS_Clt_Features:example\tCipherList=HIGH
TLS_Clt_Features:falls.example\tFlags=RC
$MARKER
# tlsoff companion D
Clt_Features:moved.example\tA
END

my @dry = ('-n', '--force');
my @why = ('-c', 'why', '-u', '9999-12-31');
my @changes = (
	[$findings, 'check'],
	[$findings, '-n', 'check', '--fix'],
	[$findings, '-n', 'expire'],
	[$entries, @dry, 'client', 'covered.example', 'new.example.net',
	    'there.example.net', 'other.example.net', 'managed.example.net',
	    'demands.example.net', 'asks.example.net', 'a.covers.invalid'],
	[$entries, @dry, @why, 'client', 'new.example.net',
	    'there.example.net', 'other.example.net', 'managed.example.net'],
	[$entries, @dry, '--exact', 'server', 'demands.example',
	    'asks.example', 'letters.example', 'new.example.net'],
	[$entries, @dry, 'remove', 'server', 'letters.example',
	    'mail.letters.example'],
	[$entries, @dry, 'remove', 'client', 'there.example.net',
	    'a.example', 'managed.example.net'],
	[$companions, @dry, 'client', 'given.example', 'amended.example',
	    'moved.example', 'falls.example'],
	[$companions, @dry, 'remove', 'client', 'back.example', 'stays.example',
	    'falls.example'],
	[$companions, @dry, 'client', '--fallback', 'back.example', 'new.example',
	    'falls.example'],
	[$companions, '-n', 'check', '--fix'],
);
for (@changes) {
	my ($text, @words) = @$_;
	my $change = change(words => \@words, builder => 'none',
	    text => $text, map_text => '');
	my $count = allocations($change, 'first');
	cmp_ok($count, '>', 0, "$change->{name}: it allocates");
	my @cases = map { { name => 'AT', number => $_ } } 1 .. $count;
	sweep($change, 'allocations fail', \@cases, sub {
		my ($case) = @_;
		reset_files($change);
		my $r = without_memory($change, 'first', $case->{name},
		    $case->{number});
		return wrong_without_memory($change, $r);
	});
}

done_testing();
