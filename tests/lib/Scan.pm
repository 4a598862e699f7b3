package Scan;
# A mail log in every shape that syslogd and journalctl give it, and what
# "tlsoff scan" says of a log.
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use Time::Local 'timegm';

our @EXPORT = qw(records shape shapes scan scan_rows slurp $FIXTURES $TLSOFF);

our $FIXTURES = "tests/fixtures/maillog";
our $TLSOFF = $ENV{TLSOFF} // ($ENV{BUILD} // "build") . "/tlsoff";

sub slurp {
	open my $f, '<:raw', $_[0] or die "$_[0]: $!";
	local $/;
	return scalar <$f>;
}

# Lines with ISO stamps -> records.
sub records {
	my @records;
	for (split /\n/, $_[0]) {
		my ($stamp, $host, $tag, $pid, $message) =
		    /^(\S+) (\S+) ([\w.-]+)\[(\d+)\]: (.*)$/ or die "record: $_";
		my ($Y, $M, $D, $h, $m, $s, $us) = $stamp =~
		    /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)\.(\d+)-06:00$/ or die $stamp;
		push @records, { stamp => $stamp, host => $host, tag => $tag,
			pid => $pid, message => $message, us => $us,
			local => timegm($s, $m, $h, $D, $M - 1, $Y),
			seconds => timegm($s, $m, $h, $D, $M - 1, $Y) + 6 * 3600 };
	}
	return @records;
}

my @months = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);
my @days = qw(Sun Mon Tue Wed Thu Fri Sat);

sub traditional {
	my @t = gmtime $_[0];
	return sprintf "%s %2d %02d:%02d:%02d", $months[$t[4]], @t[3, 2, 1, 0];
}

sub iso {
	my @t = gmtime $_[0];
	return sprintf "%04d-%02d-%02dT%02d:%02d:%02d", $t[5] + 1900, $t[4] + 1,
	    @t[3, 2, 1, 0];
}

sub head { "$_[0]{host} $_[0]{tag}\[$_[0]{pid}]: " }

# journald's fields; what it says itself begins with an underscore.
sub fields {
	my $r = shift;
	my $uid = $r->{tag} =~ /^sm-msp/ ? 103 : 0;
	return (
		__CURSOR => "s=0123;i=$r->{us};b=4567",
		__REALTIME_TIMESTAMP => "$r->{seconds}$r->{us}",
		__MONOTONIC_TIMESTAMP => "9$r->{us}",
		_BOOT_ID => "00000000000000000000000000000000",
		PRIORITY => 6, SYSLOG_FACILITY => 2, _TRANSPORT => "syslog",
		_UID => $r->{uid} // $uid, _GID => 107, _COMM => $r->{comm} // "sendmail",
		_EXE => $r->{exe} // "/usr/libexec/sendmail/sendmail",
		_HOSTNAME => $r->{host}, SYSLOG_IDENTIFIER => $r->{tag},
		SYSLOG_PID => $r->{pid}, MESSAGE => $r->{message},
		_PID => $r->{real_pid} // $r->{pid},
	);
}

my $json = JSON::PP->new->canonical->ascii;

sub json_of {
	my %f = fields($_[0]);
	# journald gives what is not printable text as numbers.
	$f{MESSAGE} = [unpack 'C*', $f{MESSAGE}]
	    if $f{MESSAGE} =~ /[^\x20-\x7e]/;
	$_ = ref ? $_ : "$_" for values %f;
	return $json->encode(\%f);
}

sub export_of {
	my @f = fields($_[0]);
	my $text = '';
	while (my ($name, $value) = splice @f, 0, 2) {
		$text .= $value =~ /[^\x20-\x7e]/ || $name eq ($_[1] // '')
		    ? "$name\n" . pack('Q<', length $value) . "$value\n"
		    : "$name=$value\n";
	}
	return $text;
}

sub pretty_of {
	my $text = json_of($_[0]);
	my $pretty = JSON::PP->new->canonical->ascii->indent->space_before->space_after;
	return $pretty->encode(JSON::PP::decode_json($text)) =~ s/^   /        /mgr;
}

my %shape = (
	iso => sub { "$_->{stamp} " . head($_) . "$_->{message}\n" },
	'iso-crlf' => sub { "$_->{stamp} " . head($_) . "$_->{message}\r\n" },
	'iso-z' => sub { iso($_->{seconds}) . "Z " . head($_) . "$_->{message}\n" },
	traditional => sub { traditional($_->{local}) . " " . head($_) . "$_->{message}\n" },
	'raw-priority' => sub { "<22>" . traditional($_->{local}) . " " . head($_) . "$_->{message}\n" },
	freebsd => sub { traditional($_->{local}) . " <mail.info> " . head($_) . "$_->{message}\n" },
	solaris => sub { traditional($_->{local}) =~ s/  / /r . " " . head($_) .
		"[ID 702911 mail.notice] $_->{message}\n" },
	rfc5424 => sub { "<22>1 $_->{stamp} $_->{host} $_->{tag} $_->{pid} - - $_->{message}\n" },
	'rfc5424-data' => sub { "<22>1 $_->{stamp} $_->{host} $_->{tag} $_->{pid} ID7 " .
		"[a\@1 b=\"c \\] d\"][e f=\"g\"] \xef\xbb\xbf$_->{message}\n" },
	short => sub { traditional($_->{local}) . " " . head($_) . "$_->{message}\n" },
	'short-precise' => sub { traditional($_->{local}) . ".$_->{us} " . head($_) . "$_->{message}\n" },
	'short-iso' => sub { iso($_->{local}) . "-0600 " . head($_) . "$_->{message}\n" },
	'short-iso-precise' => sub { iso($_->{local}) . ".$_->{us}-0600 " . head($_) . "$_->{message}\n" },
	'short-full' => sub { $days[(gmtime $_->{local})[6]] . " " .
		(iso($_->{local}) =~ s/T/ /r) . " CST " . head($_) . "$_->{message}\n" },
	'short-monotonic' => sub { sprintf "[%12.6f] %s%s\n", $_->{seconds} - 1795400000 + $_->{us} / 1e6, head($_), $_->{message} },
	'short-unix' => sub { "$_->{seconds}.$_->{us} " . head($_) . "$_->{message}\n" },
	cat => sub { "$_->{message}\n" },
	json => sub { json_of($_) . "\n" },
	'json-seq' => sub { "\x1e" . json_of($_) . "\n" },
	'json-sse' => sub { "data: " . json_of($_) . "\n\n" },
	'json-pretty' => sub { pretty_of($_) },
	export => sub { export_of($_) . "\n" },
	'export-binary' => sub { export_of($_, 'MESSAGE') . "\n" },
);

# journalctl's own first line, where it prints one.
my %first = map { $_ => "-- Journal begins at Mon 2026-11-23 10:00:00 CST. --\n" }
    grep { /^short/ } keys %shape;

sub shapes { sort keys %shape }

sub shape {
	my ($name, @records) = @_;
	return join '', $first{$name} // '', map { $shape{$name}->() } @records;
}

# Runs "tlsoff scan ARGS" with a log as its standard input: what it printed,
# what it said, its exit status.
sub scan {
	my ($log, @args) = @_;
	my $dir = $ENV{TMPDIR} || "/tmp";
	my @files = map { "$dir/tlsoff-scan.$$.$_" } qw(in out err);
	open my $in, '>:raw', $files[0] or die "$files[0]: $!";
	print $in $log;
	close $in or die;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN, '<', $files[0] or die;
		open STDOUT, '>', $files[1] or die;
		open STDERR, '>', $files[2] or die;
		exec $TLSOFF, 'scan', @args or die "$TLSOFF: $!";
	}
	waitpid $pid, 0;
	my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	my @said = map { slurp($_) } @files[1, 2];
	unlink @files;
	return (@said, $status);
}

# The hosts of its JSON as "role host address failures", sorted.
sub scan_rows {
	my ($log, @args) = @_;
	my ($out, $err, $status) = scan($log, '-j', @args);
	die "scan failed ($status): $err" if $status;
	my $said = JSON::PP::decode_json($out);
	return ([sort map {
		join ' ', $_->{role}, $_->{host}, $_->{address} // '-', $_->{failures}
	} @{$said->{hosts}}], $said);
}

1;
