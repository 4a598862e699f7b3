#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Ansible's face of tlsoff apply: what changes, and whether, tlsoff says."""

DOCUMENTATION = r'''
---
module: tlsoff
short_description: Turn STARTTLS off for chosen hosts in sendmail
description:
  - Makes the exemptions of a mail server what I(client) and I(server) say, by
    C(tlsoff apply).  All of a task is one change of the access file, one build
    of the map and one restart, or none at all where all is so already.
  - Other exemptions stay as they are, unless I(exclusive) is true.
options:
  client:
    description:
      - The hosts to which we send in clear text.  Each is a name, domain,
        address or net, or a dictionary with these members.
    type: list
    elements: raw
    default: []
    suboptions: &members
      host:
        description: A name, domain, address or net.
        type: str
        required: true
      reason:
        description:
          - Why, kept above the entry.  Without it the I(reason) of the task is
            taken; an empty one is none.
        type: str
      until:
        description:
          - The last day of the exemption, such as 2026-12-31; after it the
            exemption is removed.  Without it the I(until) of the task is
            taken; an empty one is none.
        type: str
      fallback:
        description:
          - Try TLS, and send in clear text only where it fails.  Of I(client)
            alone.
        type: bool
        default: false
      state:
        description: C(absent) turns TLS back on.
        type: str
        default: present
        choices: [present, absent]
  server:
    description:
      - The hosts that send to us in clear text, in the same form.
    type: list
    elements: raw
    default: []
    suboptions: *members
  reason:
    description: The reason for hosts that have none of their own.
    type: str
  until:
    description: The last day for hosts that have none of their own.
    type: str
  exclusive:
    description:
      - Remove every other exemption, of both roles.  Where none is wanted at
        all that needs I(force).
    type: bool
    default: false
  force:
    description:
      - Do it although it covers a whole top-level domain, although a TLS
        requirement will make mail bounce, or although nothing is left.
    type: bool
    default: false
  config:
    description: The sendmail.cf to read.
    type: path
  access:
    description: The access file, where it is not the one of sendmail.cf.
    type: path
  map:
    description: The access map, such as C(hash:/etc/mail/access).
    type: str
  marker:
    description:
      - A regular expression for the line above which entries go, where it is
        not the one of CanIt.
    type: str
  builder:
    description: What builds the map.
    type: str
    choices: [makemap, libdb, patch, make]
  makemap:
    description: Another makemap.
    type: path
  lock_wait:
    description: Seconds to wait for another tlsoff.
    type: int
  restart:
    description: What happens to sendmail after a change.
    type: str
    choices: [restart, reload, none]
  restart_command:
    description: What a shell runs instead of the service of the machine.
    type: str
  executable:
    description:
      - The program.  Where check mode does not find it, an earlier task is
        taken to be going to install it, and the task counts as changed.
    type: str
    default: tlsoff
requirements:
  - tlsoff 1.1 or later on the managed machine
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
'''

EXAMPLES = r'''
- name: Do without TLS where it is broken
  tlsoff:
    client:
      - luna.bagoona.com
      - host: mx.cheddar.com
        reason: ticket 4711
        until: "2026-12-31"
        fallback: true
    server:
      - outbound.cheddar.com
    reason: TLS broken on their side

- name: Turn TLS back on for one host
  tlsoff:
    client:
      - host: luna.bagoona.com
        state: absent

- name: Let these be all the exemptions there are
  tlsoff:
    client: "{{ exempted_hosts }}"
    exclusive: true
'''

RETURN = r'''
changes:
  description: What became of each entry, or would in check mode.
  returned: when tlsoff ran and did not fail before the change
  type: list
  elements: dict
  sample:
    - action: added
      role: client
      kind: try_tls
      companion: false
      key: Try_TLS:luna.bagoona.com
      value: "NO"
      line: 140
      comment: ticket 4711
      expires: "2026-12-31"
      reason: null
map:
  description: The map, by what it was built, and whether it is proven.
  returned: as changes
  type: dict
  sample:
    path: /etc/mail/access.db
    builder: makemap
    entries: 23
    proven: true
service:
  description: What happened to sendmail.
  returned: as changes
  type: dict
  sample:
    action: restarted
    by: systemctl restart sendmail
installed:
  description: Whether the program is there; only check mode goes on without.
  returned: success
  type: bool
  sample: true
'''

import json
import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.parsing.convert_bool import boolean

MEMBERS = {'client': ('host', 'reason', 'until', 'fallback', 'state'),
           'server': ('host', 'reason', 'until', 'state')}
STATES = ('present', 'absent')
# Options of tlsoff by the same names, and those of them without a value.
OPTIONS = ('config', 'access', 'map', 'marker', 'builder', 'makemap',
           'lock_wait', 'restart', 'restart_command')
SWITCHES = ('exclusive', 'force')
RESULTS = ('changes', 'map', 'service')
# A line that is past its date wants the exemption absent; this one is,
# whatever the clock of the machine shows.
LONG_AGO = '0001-01-01'


# ---- the wanted state ----

def text(item, name):
    """A member that cannot end the line it is put into; '': there is none."""
    value = item.get(name)
    if value is None:
        return ''
    if not isinstance(value, str):
        raise ValueError('%s: %s is no string; put it in quotes'
                         % (name, value))
    if re.search(r'[\x00-\x1f\x7f]', value):
        raise ValueError('%s: has a line end or another control character; '
                         'write one line of text' % name)
    return value.strip()


def flag(item, name):
    """A member that is true or false."""
    try:
        return boolean(item.get(name) or False)
    except TypeError:
        raise ValueError('%s: neither true nor false' % name)


def state_line(role, item, defaults):
    """A line for tlsoff apply, of one item."""
    unknown = sorted(str(name) for name in item if name not in MEMBERS[role])
    if unknown:
        raise ValueError('%s: no such member; there are %s'
                         % (unknown[0], ', '.join(MEMBERS[role])))
    host = text(item, 'host')
    if not re.match(r'[^\s#]\S*\Z', host):
        raise ValueError('host: no host, or more than one')
    words = [role, host]
    if flag(item, 'fallback'):
        words.append('fallback')
    item = dict(defaults, **item)
    state = text(item, 'state') or 'present'
    if state not in STATES:
        raise ValueError('state: neither present nor absent')
    if state == 'absent':
        return ' '.join(words + ['until', LONG_AGO])
    until, reason = text(item, 'until'), text(item, 'reason')
    if until:
        if not re.match(r'[0-9]{4}-[0-9]{2}-[0-9]{2}\Z', until):
            raise ValueError('until: "%s" is no date; write one such as '
                             '2026-12-31' % until)
        words += ['until', until]
    if reason:
        words += ['#', reason]
    return ' '.join(words)


def wanted_state(module):
    """The lines, and for each what to call its item."""
    params = module.params
    defaults = {name: params[name] for name in ('reason', 'until')}
    lines, names = [], []
    for role in ('client', 'server'):
        for number, item in enumerate(params[role], 1):
            if not isinstance(item, dict):
                item = {'host': item}
            name = '%s item %d' % (role, number)
            if isinstance(item.get('host'), str):
                name += ' ' + json.dumps(item['host'])
            try:
                lines.append(state_line(role, item, defaults))
            except ValueError as why:
                module.fail_json(msg='%s: %s' % (name, why))
            names.append(name)
    return lines, names


# ---- tlsoff ----

def options(params):
    """How the site is set up, as words of the command line."""
    words = ['--' + name for name in SWITCHES if params[name]]
    for name in OPTIONS:
        if params[name] is not None:
            words += ['--' + name.replace('_', '-'), str(params[name])]
    return words


def named(words, names):
    """What tlsoff said, with items for the lines of its input."""
    def name(match):
        number = int(match.group(1))
        return names[number - 1] if 0 < number <= len(names) else match.group()
    return re.sub(r'standard input:([0-9]+)', name, words)


def run(module, command, lines, names):
    """Its document; ends the task where it failed."""
    status, out, err = module.run_command(command, data='\n'.join(lines),
                                          expand_user_and_vars=False)
    try:
        document = json.loads(out)
    except ValueError:
        document = {}
    if status == 0 and document:
        return document
    warn(module, document)
    said = named(err, names).splitlines()
    why = named(document.get('error', {}).get('text', ''), names)
    if not why:
        why = said[-1] if said else 'exit status %d, and no word' % status
    changed = document.get('changed', False)
    if changed and 'the change is in place' not in why:
        why += '; the change is in place'
    module.fail_json(msg=why, changed=changed, rc=status, stderr_lines=said,
                     **results(document))


def warn(module, document):
    """What tlsoff warned of."""
    for warning in document.get('warnings', []):
        module.warn(warning)


def results(document):
    """What a task returns of it."""
    return {name: document[name] for name in RESULTS if name in document}


def apply(module, program, lines, names):
    """The result of the task."""
    command = [program, 'apply', '--json'] + options(module.params)
    diff = None
    # Only a dry run has the diff.
    if module.check_mode or module._diff:
        document = run(module, command + ['--dry-run', '-'], lines, names)
        diff = {'prepared': document.get('diff') or ''}
    if not module.check_mode:
        document = run(module, command + ['-'], lines, names)
    warn(module, document)
    result = results(document)
    result['changed'] = document['changed']
    if module._diff:
        result['diff'] = diff
    return result


def main():
    hosts = dict(type='list', elements='raw', default=[])
    module = AnsibleModule(
        argument_spec=dict(
            client=hosts,
            server=hosts,
            reason=dict(type='str'),
            until=dict(type='str'),
            exclusive=dict(type='bool', default=False),
            force=dict(type='bool', default=False),
            config=dict(type='path'),
            access=dict(type='path'),
            map=dict(type='str'),
            marker=dict(type='str'),
            builder=dict(type='str',
                         choices=['makemap', 'libdb', 'patch', 'make']),
            makemap=dict(type='path'),
            lock_wait=dict(type='int'),
            restart=dict(type='str', choices=['restart', 'reload', 'none']),
            restart_command=dict(type='str'),
            executable=dict(type='str', default='tlsoff'),
        ),
        supports_check_mode=True,
    )
    lines, names = wanted_state(module)
    asked = bool(lines) or module.params['exclusive']
    name = module.params['executable']
    program = module.get_bin_path(name, required=asked and not module.check_mode)
    if program is None and asked:
        module.warn('%s is not installed: what would change is not known'
                    % name)
    result = {'changed': asked}
    if program is not None and asked:
        result = apply(module, program, lines, names)
    module.exit_json(installed=program is not None, **result)


if __name__ == '__main__':
    main()
