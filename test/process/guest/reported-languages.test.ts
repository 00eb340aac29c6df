/** Scripts of other interpreters: the line that their last message names, where it is known that they ended with it. */
import test from 'ava';
import { reports } from './reported.js';

// Perl's warnings look as its deaths do.
test(reports, `
#!/usr/bin/perl
use warnings;
my $x; print "v=$x\\n";
warn "odd";
die "really bad";`, { line: 5 });
test(reports, `
#!/usr/bin/perl
use warnings;
my $x; print "v=$x\\n";
system("false") == 0 or exit 4;`, {});
test(reports, `
#!/usr/bin/perl
eval { die "inner problem" }; warn $@ if $@;
print "on\\n";
exit(2);`, {});
test(reports, `
#!/usr/bin/perl
print "on\\n";
warn "odd";
open(my $f, '<', '/nonexistent') or die "cannot open: $!";`, { line: 4 });
test(reports, `
#!/usr/bin/perl
use Carp;
sub f { confess "bad" }
warn "odd";
f();`, { line: 3 });
test(reports, `
#!/usr/bin/perl
open(my $f, '<', '/etc/passwd'); my $l = <$f>;
die "bad line";`, { line: 3 });
test(reports, `
#!/usr/bin/perl
BEGIN { open(my $f, '>', 'Mine.pm'); print $f "package Mine;\nsub f { die 'within' }\n1;\n"; close $f; unshift @INC, '.' }
use Mine;
warn "odd";
$! = 0;
Mine::f();`, {});

// Python's tracebacks may be of what was caught.
test(reports, `
#!/usr/bin/python3
import sys, traceback
try:
    open("/nonexistent")
except OSError:
    traceback.print_exc()
print("going on")
sys.exit(3)`, {});
test('a traceback that is the last word', reports, `
#!/usr/bin/python3
import sys, traceback
try:
    open("/nonexistent")
except OSError:
    traceback.print_exc()
    sys.exit(3)`, { line: 4 });
test(reports, `
#!/usr/bin/python3
import threading, sys
t = threading.Thread(target=lambda: open("/nonexistent")); t.start(); t.join()
print("main goes on")
sys.exit(2)`, {});
test(reports, `
#!/usr/bin/python3
print("a")
raise ValueError("one\\ntwo\\nthree")`, { line: 3, command: 'raise ValueError' });

// The first line that Node names may be one of its own.
test(reports, `
#!/usr/bin/env node
function f() {
	require('fs').readFileSync('/nonexistent');
}
f();`, { line: 3 });
test(reports, `
#!/usr/bin/env node
console.error(new Error('passed over').stack);
setTimeout(() => {
	require('fs').readFileSync('/nonexistent');
}, 1);`, { line: 4 });
test(reports, `
#!/usr/bin/env node
console.error(new Error('passed over').stack);
process.exit(3);`, {});
test(reports, `
#!/usr/bin/env node
const a = 1;
throw new Error('bad');`, { line: 3 });
