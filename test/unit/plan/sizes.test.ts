import test from 'ava';
import { parseSize } from '../../../src/plan/sizes.js';

const size = test.macro({
	exec: (t, written: string | number, mebibytes: number | undefined) => t.is(parseSize(written), mebibytes),
	title: (_, written, mebibytes) => `${JSON.stringify(written)} is ${mebibytes ?? 'no'} MiB`,
});
test(size, 4096, 4096);
test(size, '4096', 4096);
test(size, '4 GB', 4096);
test(size, '4G', 4096);
test(size, '4GiB', 4096);
test(size, '4Gi', 4096);
test(size, '4gb', 4096);
test(size, '512 MB', 512);
test(size, '512M', 512);
test(size, '1.5 GB', 1536);
test(size, '1.2 GB', 1229);
test(size, '0.3G', 307);
test(size, '2 TB', 2_097_152);
test(size, '0.0001 GB', undefined);
test(size, ' 24 GB ', 24_576);
test(size, '2 bananas', undefined);
test(size, '4 B', undefined);
test(size, '0.3 MB', undefined);
test(size, '0', undefined);
test(size, -1, undefined);
test(size, 1.5, undefined);
test(size, '', undefined);
test(size, Number.NaN, undefined);
