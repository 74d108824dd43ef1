/** `distilbert-base-uncased` or `owner/name`, as the hub names models. */
export const isHubName = (text: string): boolean =>
  text.length <= 96 && /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(text) && !/--|\.\./.test(text);
