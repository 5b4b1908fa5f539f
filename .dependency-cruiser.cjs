/** Which room may know which: held by `npm run check:lint`. */
module.exports = {
  forbidden: [
    {
      name: "no-circle",
      comment: "Two modules that need each other are one, or a third is missing.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "deployment-knows-no-service",
      comment: "How text becomes truth on a host is the same for every service, of another program too.",
      severity: "error",
      from: { path: "^components/deployment/" },
      to: { path: "^components/", pathNot: "^components/deployment/" },
    },
    {
      name: "settings-know-no-service",
      comment: "What is right in a configuration does not depend on how it is made true.",
      severity: "error",
      from: { path: "^components/settings/" },
      to: { path: "^components/(services|cloud|mail-server|install-services)" },
    },
    {
      name: "services-know-no-cloud",
      comment: "A service is the same on every host, whoever provides it.",
      severity: "error",
      from: { path: "^components/services/" },
      to: { path: "^components/(cloud|dns|mail-server|install-services)" },
    },
    {
      name: "library-stands-alone",
      comment: "Other programs import the library; the local cloud, tests and scripts are not in the package.",
      severity: "error",
      from: { path: "^components/" },
      to: { path: "^(local-cloud|tests|bench|scripts|program|index\\.ts|config\\.ts)" },
    },
    {
      name: "local-cloud-stands-alone",
      comment: "It is another product; only its command line knows which pages the program's hosts have.",
      severity: "error",
      from: { path: "^local-cloud/", pathNot: "^local-cloud/cli/" },
      to: { path: "^(components|tests|bench|scripts|program|examples|index\\.ts|config\\.ts)" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
