#!/usr/bin/perl
# What Ansible's own tools say of the role and the module: ansible-lint nothing,
# ansible-doc all of it, and what the documents show can be played.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;

my $dir = scratch();
my $role = 'roles/tlsoff';
my %env = (HOME => $dir, LC_ALL => 'C.UTF-8', PATH => $ENV{PATH},
    ANSIBLE_NOCOLOR => 1, ANSIBLE_LOCALHOST_WARNING => 'False',
    ANSIBLE_CONFIG => spew("$dir/ansible.cfg", ''));

# In a copy: the tools write beside what they read.
is(system('cp', '-R', "$TOP/src/dist/ansible", "$dir/ansible"), 0, 'a copy');

sub tool {
	my (@command) = @_;
	return run(['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh',
	    "$dir/ansible", @command], time_limit => 300, env => \%env);
}

# What ansible-doc knows of tlsoff.
sub documented { return decode_json(tool('ansible-doc', '-j', @_, 'tlsoff')->{out})->{tlsoff} }

# An indented block that begins with $first; each playbook has a name of its own.
sub block {
	my ($file, $first) = @_;
	my ($block) = slurp($file) =~ /^(    \Q$first\E.*\n(?:(?: {4}.*)?\n)*)/m;
	ok(defined $block, "$file has a playbook");
	return "---\n" . ($block // '') =~ s/^ {4}//gmr =~ s/\n+\z/\n/r;
}

spew("$dir/ansible/readme.yml", block("$TOP/README.md", '- '));
spew("$dir/ansible/role.yml", block("$TOP/src/dist/ansible/$role/README.md", '- name:'));

spew("$dir/ansible/servers", "[mail_servers]\nlocalhost\n");

my $r = tool(qw(ansible-lint --offline --nocolor -q --profile production),
    qw(example.yml role.yml roles));
is($r->{status}, 0, 'ansible-lint, with the profile production');
is($r->{out} . $r->{err}, '', '... says nothing');
for my $playbook (qw(example.yml readme.yml role.yml)) {
	$r = tool(qw(ansible-playbook --syntax-check -i servers), $playbook);
	is($r->{status}, 0, "$playbook can be read") or diag($r->{err});
	is($r->{err}, '', '... without a warning');
}

# ---- the module ----

my $module = slurp("$dir/ansible/$role/library/tlsoff.py");
$r = tool(qw(ansible-doc -t module -M), "$role/library", 'tlsoff');
is($r->{status}, 0, 'ansible-doc shows the module');
is($r->{err}, '', '... without a warning');
like($r->{out}, qr/we send in clear text/, '... and what it does');
my ($spec) = $module =~ /argument_spec=dict\((.*?)\n        \),/s;
my @options = ($spec // '') =~ /^            (\w+)=/mg;
cmp_ok(scalar @options, '>', 10, 'the module has options');
my $doc = documented(qw(-t module -M), "$role/library")->{doc};
is_deeply([sort keys %{$doc->{options}}], [sort @options], '... and tells of just these');
my ($examples) = $module =~ /^EXAMPLES = r'''\n(.*?)^'''/ms;
spew("$dir/ansible/examples.yml", "---\n- name: The examples\n  hosts: all\n"
    . "  roles: [tlsoff]\n  tasks:\n" . $examples =~ s/^(?=.)/    /gmr =~ s/^ *---\n//r);
$r = tool(qw(ansible-playbook --syntax-check -i servers), 'examples.yml');
is($r->{status}, 0, 'its examples can be read') or diag($r->{err});
$r = tool('python3', '-c', 'import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 8))',
    "$role/library/tlsoff.py");
is($r->{status}, 0, 'Python 3.8 can read it') or diag($r->{err});

# ---- the role ----

$r = tool(qw(ansible-doc -t role -r roles tlsoff));
is($r->{status}, 0, 'ansible-doc shows the role');
my $known = documented(qw(-t role -r roles))->{entry_points}{main}{options};
my $readme = slurp("$dir/ansible/$role/README.md");
my $tasks = slurp("$dir/ansible/$role/tasks/main.yml");
my ($table) = $readme =~ /^## Variables\n(.*?)^## /ms;
is_deeply([sort $table =~ /`(tlsoff_\w+)`(?=[^|]*\|.*\|)/g], [sort keys %$known],
    'README.md has the same variables');
my %used = map { $_ => 1 } $tasks =~ /\b(tlsoff_\w+)\b/g;
delete $used{tlsoff_applied};
is_deeply([sort keys %used], [sort keys %$known], '... and so have the tasks');

done_testing();
