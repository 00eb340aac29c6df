/** Locales that scripts set, and nothing makes. */
import test from 'ava';
import { checkText, withScripts } from './helpers.js';

const rulesOf = (script: string, packages: readonly string[] = []): readonly string[] => checkText(withScripts([script], packages)).map(({ rule }) => rule);

test('locales that nothing makes', (t) => {
	for (const script of ['export LC_ALL=de_DE.UTF-8', 'LANG=de_DE.UTF-8', 'LANG="nl_NL.UTF-8"', 'env LC_ALL=fr_FR@euro date', 'localectl set-locale LANG=de_DE.UTF-8', 'export LC_CTYPE="pt_BR"']) {
		t.deepEqual(rulesOf(script), ['locale-missing'], script);
	}
	for (const script of ['export LC_ALL=C.UTF-8', 'export LC_ALL=en_US.UTF-8', 'LC_ALL=C sort', 'LANG=POSIX', 'LANG=$x', "sed -i 's/# de/de/' /etc/locale.gen\nlocale-gen\nexport LC_ALL=de_DE.UTF-8", 'localedef -i de_DE -f UTF-8 de_DE.UTF-8\nLANG=de_DE.UTF-8', 'echo de_DE.UTF-8']) {
		t.false(rulesOf(script).includes('locale-missing'), script);
	}
	t.deepEqual(rulesOf('export LC_ALL=de_DE.UTF-8', ['locales-all']), []);
});
