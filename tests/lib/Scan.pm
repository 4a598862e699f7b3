package Scan;
# A mail log in every shape that syslogd and journalctl give it, and what
# "tlsoff scan" says of a log.
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use Time::Local 'timegm';

our @EXPORT = qw(records shape shapes scan scan_rows slurp $FIXTURES $TLSOFF
    %no_pid %hint %first_hand);

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

# ---- what copies and other writers make of it ----

sub tagged { "$_[0]{tag}\[$_[0]{pid}]: $_[0]{message}" }
sub ctime { my @t = gmtime $_[0]; "$days[$t[6]] " . traditional($_[0]) . " " . ($t[5] + 1900) }
sub plain_of { traditional($_[0]{local}) . " $_[0]{host} " . tagged($_[0]) }
sub utc { iso($_[0]{seconds}) . ".$_[0]{us}Z" }
sub object { $json->encode({@_}) }

# Those of syslog daemons and journalctl alone.
our %first_hand = map { $_ => 1 } keys %shape;

%shape = (%shape,
	# rsyslog
	'protocol-23' => sub { "<22>1 $_->{stamp} $_->{host} $_->{tag} $_->{pid} - -  $_->{message}\n" },
	'protocol-23-no-pri' => sub { "1 $_->{stamp} $_->{host} $_->{tag} $_->{pid} - -  $_->{message}\n" },
	jsonmesg => sub { object(msg => " $_->{message}", rawmsg => "<22>" . plain_of($_),
		timereported => $_->{stamp}, timegenerated => $_->{stamp}, hostname => $_->{host},
		fromhost => 'elsewhere', 'fromhost-ip' => '127.0.0.1', pri => '22',
		syslogtag => "$_->{tag}\[$_->{pid}]:", programname => $_->{tag},
		'app-name' => $_->{tag}, procid => "$_->{pid}", msgid => '-', uuid => undef,
		'structured-data' => '-', inputname => 'imuxsock', '$!' => undef) . "\n" },
	'debug-format' => sub { my $raw = $_->{message} =~ s/\n/#012/gr;
		"Debug line with all properties:\n"
		. "FROMHOST: '$_->{host}', fromhost-ip: '127.0.0.1', HOSTNAME: '$_->{host}', PRI: 22,\n"
		. "syslogtag '$_->{tag}\[$_->{pid}]:', programname: '$_->{tag}', APP-NAME: '$_->{tag}', "
		. "PROCID: '$_->{pid}', MSGID: '-',\n"
		. "TIMESTAMP: '" . traditional($_->{local}) . "', STRUCTURED-DATA: '-',\n"
		. "msg: ' $raw'\nescaped msg: ' $raw'\n"
		. "inputname: imuxsock rawmsg: '<22>" . traditional($_->{local}) . " $_->{tag}\[$_->{pid}]: $raw'\n"
		. "\$!:\n\$.:\n\$/:\n\n" },
	'facility-first' => sub { traditional($_->{local}) . " mail.info $_->{host} " . tagged($_) . "\n" },
	# busybox
	busybox => sub { traditional($_->{local}) . " $_->{host} mail.notice " . tagged($_) . "\n" },
	# AIX
	aix => sub { traditional($_->{local}) . " $_->{host} mail:info " . tagged($_) . "\n" },
	# any tag
	'tag-mx' => sub { traditional($_->{local}) . " $_->{host} mx[$_->{pid}]: $_->{message}\n" },
	'tag-path' => sub { traditional($_->{local}) . " $_->{host} /usr/sbin/sendmail[$_->{pid}]: $_->{message}\n" },
	'tag-5424' => sub { "<22>1 $_->{stamp} $_->{host} MTA $_->{pid} - - $_->{message}\n" },
	'tag-no-pid' => sub { traditional($_->{local}) . " $_->{host} sm-mta: $_->{message}\n" },
	'tag-alone' => sub { "mta[$_->{pid}]: $_->{message}\n" },
	# hosts
	'no-host' => sub { traditional($_->{local}) . " " . tagged($_) . "\n" },
	'two-hosts' => sub { traditional($_->{local}) . " relay.example $_->{host} " . tagged($_) . "\n" },
	'octets' => sub { my $l = "<22>1 $_->{stamp} $_->{host} $_->{tag} $_->{pid} - - $_->{message}";
		length($l) . " $l\n" },
	frames => sub { my $l = "<22>1 $_->{stamp} $_->{host} $_->{tag} $_->{pid} - - $_->{message}";
		length($l) . " $l" },
	# stamps
	tabs => sub { "$_->{stamp}\t$_->{host}\t" . tagged($_) . "\n" },
	'iso-blank' => sub { (iso($_->{local}) =~ s/T/ /r) . " $_->{host} " . tagged($_) . "\n" },
	'iso-slash' => sub { (iso($_->{local}) =~ s/T/ /r =~ s/-/\//gr) . " $_->{host} " . tagged($_) . "\n" },
	'with-year' => sub { my @t = gmtime $_->{local};
		(traditional($_->{local}) =~ s/(?=\d\d:)/$t[5] + 1900 . " "/er) . " $_->{host} " . tagged($_) . "\n" },
	'year-first' => sub { my @t = gmtime $_->{local};
		$t[5] + 1900 . " " . traditional($_->{local}) . " $_->{host} " . tagged($_) . "\n" },
	epoch => sub { "$_->{seconds} $_->{host} " . tagged($_) . "\n" },
	ctime => sub { ctime($_->{local}) . " $_->{host} " . tagged($_) . "\n" },
	'day-first' => sub { (traditional($_->{local}) =~ s/^Nov +(\d+)/$1. nov./r) . " $_->{host} " . tagged($_) . "\n" },
	svlogd => sub { (iso($_->{seconds}) =~ s/T/_/r) . ".$_->{us} $_->{host} " . tagged($_) . "\n" },
	socklog => sub { (iso($_->{seconds}) =~ s/T/_/r) . ".12345 127.0.0.1: mail.info: "
		. traditional($_->{local}) . " " . tagged($_) . "\n" },
	metalog => sub { traditional($_->{local}) . " [$_->{tag}] $_->{message}\n" },
	# journalctl
	'no-hostname' => sub { traditional($_->{local}) . " " . tagged($_) . "\n" },
	'with-unit' => sub { $days[(gmtime $_->{local})[6]] . " " . (iso($_->{local}) =~ s/T/ /r)
		. " CST $_->{host} sendmail.service[$_->{pid}]: $_->{message}\n" },
	verbose => sub { my $r = $_; my @f = fields($r); my $text = $days[(gmtime $r->{local})[6]] . " "
		. (iso($r->{local}) =~ s/T/ /r) . ".$r->{us} CST [s=0123;i=1;b=2;m=3;t=4;x=5]\n";
		while (my ($name, $value) = splice @f, 0, 2) {
			my $more = ' ' x (4 + length($name) + 1);
			$text .= "    $name=" . ($value =~ s/\n/\n$more/gr) . "\n" if $name !~ /^__/;
		}
		$text },
	'fields-json' => sub { object(MESSAGE => $_->{message}, __CURSOR => 's=0',
		__REALTIME_TIMESTAMP => "$_->{seconds}$_->{us}", _BOOT_ID => '0') . "\n" },
	'jq-slurp' => sub { pretty_of($_) },
	# containers and shippers
	docker => sub { object(log => plain_of($_) . "\n", stream => 'stdout', time => utc($_)) . "\n" },
	'docker-stamps' => sub { utc($_) . " " . plain_of($_) . "\n" },
	compose => sub { "mail-1  | " . plain_of($_) . "\n" },
	'compose-colours' => sub { "\e[36mmail-1  | \e[0m" . plain_of($_) . "\n" },
	'compose-old' => sub { "\e[36;1mmail_1      |\e[0m " . plain_of($_) . "\n" },
	cri => sub { "$_->{stamp} stdout F " . plain_of($_) . "\n" },
	kubectl => sub { "[pod/mail-0/mail] " . plain_of($_) . "\n" },
	cloudwatch => sub { "$_->{stamp} mail/stream-1 " . plain_of($_) . "\n" },
	logcli => sub { "$_->{stamp} {job=\"mail\", host=\"x\"} " . plain_of($_) . "\n" },
	loki => sub { object(labels => { job => 'mail' }, line => plain_of($_), timestamp => utc($_)) . "\n" },
	vector => sub { object(appname => $_->{tag}, facility => 'mail', host => $_->{host},
		hostname => $_->{host}, message => $_->{message}, procid => 0 + $_->{pid},
		severity => 'info', source_type => 'syslog', timestamp => utc($_)) . "\n" },
	'fluent-bit' => sub { object(date => $_->{seconds} + 0.5, log => plain_of($_)) . "\n" },
	'fluent-bit-syslog' => sub { object(date => $_->{seconds} + 0.5, pri => '22',
		time => traditional($_->{local}), host => $_->{host}, ident => $_->{tag},
		pid => "$_->{pid}", message => $_->{message}) . "\n" },
	fluentd => sub { "$_->{stamp}\tsyslog.mail\t" . object(host => $_->{host}, ident => $_->{tag},
		pid => "$_->{pid}", message => $_->{message}) . "\n" },
	filebeat => sub { object('@timestamp' => utc($_), message => plain_of($_),
		host => { name => $_->{host} }, log => { offset => 1, file => { path => '/x' } }) . "\n" },
	'syslog-ng' => sub { object(PROGRAM => $_->{tag}, PID => "$_->{pid}", HOST => $_->{host},
		MESSAGE => $_->{message}, DATE => traditional($_->{local}), PRIORITY => 'info',
		FACILITY => 'mail') . "\n" },
	events => sub { "        " . object(timestamp => 1000 * $_->{seconds}, message => plain_of($_),
		ingestionTime => 1) . ",\n" },
	'grep-h' => sub { "/var/log/mail.log.1:" . plain_of($_) . "\n" },
	'grep-n' => sub { "17:" . plain_of($_) . "\n" },
);

# No pid in it: what was cut stays cut.
our %no_pid = map { $_ => 1 } qw(cat metalog fields-json tag-no-pid);

# What a stranger's words may look like: never more than a hint.
our %hint = map { $_ => 1 } qw(tag-mx tag-5424 tag-alone two-hosts fields-json docker
	docker-stamps compose compose-colours compose-old cri kubectl cloudwatch logcli loki fluent-bit fluentd filebeat
	events);

# Around all records.
my %around = ('jq-slurp' => ["[\n", "]\n"],
	events => ["{\n    \"events\": [\n", "    ],\n    \"nextToken\": \"x\"\n}\n"]);

# journalctl's own first line, where it prints one.
my %first = map { $_ => "-- Journal begins at Mon 2026-11-23 10:00:00 CST. --\n" }
    grep { /^short/ } keys %shape;

sub shapes { sort keys %shape }

sub shape {
	my ($name, @records) = @_;
	my ($begin, $end) = @{$around{$name} // [$first{$name} // '', '']};
	my @lines = map { $shape{$name}->() } @records;

	s/\}\n\z/},\n/ for $name eq 'jq-slurp' ? @lines[0 .. $#lines - 1] : ();
	$lines[-1] =~ s/,\n\z/\n/ if $name eq 'events' && @lines;
	return join '', $begin, @lines, $end;
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
