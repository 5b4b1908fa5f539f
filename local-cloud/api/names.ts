/** The public names that the listener answers for. */
export const apiNames = {
  linode: "api.linode.com",
  cloudflare: "api.cloudflare.com",
  acme: "acme-v02.api.letsencrypt.org",
} as const;
