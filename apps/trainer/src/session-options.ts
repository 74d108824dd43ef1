import type { SessionOptions } from '@marquee/model-core';

/** The threads of ONNX Runtime that a user asked for, in its own words. */
export const sessionOptions = ({ threads }: { readonly threads: number | undefined }): SessionOptions =>
  threads === undefined ? {} : { intraOpThreads: threads };
