// The configuration of `npm run test:long`: the tests that take too long for every run.
export default { files: ['dist/test/long/**/*.test.js'], timeout: '20m', concurrency: 1, workerThreads: false };
