import test from 'ava';
import { readConnection } from '../../../src/network/outbound.js';
import { readDnsQuestion } from '../../../src/network/dns-question.js';

const nodes = [{ name: 'web', mac: 'b6:b8:bb:2a:c6:91' }];
const line = (packet: string, mac = 'b6:b8:bb:2a:c6:91') => `1795532927.241557 ${mac} ${packet}`;

const connection = test.macro((t, packet: string, expected: object | undefined) => {
	const node = 'web';
	t.deepEqual(readConnection(line(packet), nodes), expected && ({ node, seenAt: 1_795_532_927_242, ...expected } as never));
});

// Packets as `watch-packets.pl` printed them.
const syn =
	'4500003c333340004006bf680a00020bcb007105928001bb35534dfa00000000a002faf0483f0000020405b40402080a33af94bf000000000103030a';
const question = '4500003dd5214000401157820a00020b01010101c50f003500290e4712340100000100000000000003646562076578616d706c65036f72670000010001';

test('the start of a TCP connection', connection, syn, { protocol: 'tcp', address: '203.0.113.5', port: 443 });
test('a UDP datagram', connection, '4500001f71d54000401180e80a00020bcb007105be14007b000b482d68690a', {
	protocol: 'udp',
	address: '203.0.113.5',
	port: 123,
});
test('a DNS question', connection, question, {
	protocol: 'udp',
	address: '1.1.1.1',
	port: 53,
	question: { name: 'deb.example.org', type: 'A' },
});
test('something that is no question, sent to port 53', connection, '4500002343874000401 1d9260a00020b09090909c50f0035000f1e3d67617262616765'.replace(' ', ''), {
	protocol: 'udp',
	address: '9.9.9.9',
	port: 53,
});
test('an echo request', connection, '4500001c684d4000400104820a00020bc00002070800f7ff00000000', { protocol: 'icmp', address: '192.0.2.7' });
test('a packet with options before its ports', connection, `46${question.slice(2, 40)}01010101${question.slice(40)}`, {
	protocol: 'udp',
	address: '1.1.1.1',
	port: 53,
	question: { name: 'deb.example.org', type: 'A' },
});
test('another protocol', connection, '4500001c684d4000402f04820a00020bc00002070800f7ff00000000', undefined);
test('a packet that ends before its ports', connection, '4500001c684d4000400604820a00020bc000020708', undefined);
test('a packet that ends before its header does', connection, '4500001c684d', undefined);

test('somebody who is no node, and lines that are none', (t) => {
	t.is(readConnection(line(syn, '52:54:00:71:00:01'), nodes), undefined);
	for (const other of ['', 'no packet socket: Operation not permitted', line('4'), line('45x0'), `x${line(syn)}`]) {
		t.is(readConnection(other, nodes), undefined, other);
	}
});

const header = '123401000001000000000000';
const asked = test.macro((t, message: string, expected: object | undefined) => {
	t.deepEqual(readDnsQuestion(Buffer.from(message, 'hex')), expected as never);
});

test('a service', asked, `${header}055f68747470045f746370036465620673616d706c65036f72670000210001`, { name: '_http._tcp.deb.sample.org', type: 'SRV' });
test('the root', asked, `${header}0000020001`, { name: '.', type: 'NS' });
test('bytes that are no letters', asked, `${header}07612c622028632901780000010001`, { name: 'a,b\\032(c).x', type: 'A' });
test('a dot, a backslash and an escape within labels', asked, `${header}03612e62015c011b00001c0001`, { name: 'a\\.b.\\\\.\\027', type: 'AAAA' });
test('a type without a name', asked, `${header}01780000400001`, { name: 'x', type: 'TYPE64' });
test('a question with extensions (RFC 6891)', asked, '00070120000100000000000103646562076578616d706c65036f7267000001000100002905c0000000000000', {
	name: 'deb.example.org',
	type: 'A',
});
test('an answer', asked, '12348180000100000000000001780000010001', undefined);
test('an update', asked, '12342800000100000000000001780000010001', undefined);
test('no question', asked, '123401000000000000000000', undefined);
test('half a header', asked, '123401', undefined);
test('a name that points back', asked, `${header}c00c00010001`, undefined);
test('a label that goes on behind the end', asked, `${header}3f61`, undefined);
test('a name without an end', asked, `${header}0161`, undefined);
test('a name without a type', asked, `${header}01610000`, undefined);
