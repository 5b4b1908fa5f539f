import * as pulumi from "@pulumi/pulumi";
import type { Mocks } from "@pulumi/pulumi/runtime";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { fakeCloud } from "./fake-cloud";

/** One resource as the program asked the engine for it, with the options that Pulumi's own mocks leave out. */
export interface Registration {
  urn: string;
  type: string;
  name: string;
  custom: boolean;
  /** URN of the parent, empty at the top. */
  parent: string;
  /** Inputs; a secret one is wrapped, see {@link isSecret} and {@link open}. */
  inputs: Record<string, unknown>;
  /** The URNs named by `dependsOn` and by inputs that are outputs of other resources. */
  dependencies: string[];
  /** `URN::ID` of the provider; empty for the default one and for components. */
  provider: string;
  protect: boolean;
  retainOnDelete: boolean;
  deletedWith: string;
  ignoreChanges: string[];
  replaceOnChanges: string[];
  /** Id of the thing that exists already and is taken over. */
  importId: string;
  deleteBeforeReplace: boolean;
  additionalSecretOutputs: string[];
  createTimeout: string;
}

/** What came of one run of a program. */
export interface RecordedProgram<T> {
  /** What the program returned. */
  result: T;
  /** In the order in which the engine got them. */
  registrations: Registration[];
  /** Outputs of the components, by URN. */
  outputs: Map<string, unknown>;
}

/** What the engine gets, as far as it is of interest here; Pulumi publishes no types for it. */
interface Request {
  getType(): string;
  getName(): string;
  getCustom(): boolean;
  getParent(): string;
  getObject(): Parameters<typeof pulumi.runtime.deserializeProperties>[0];
  getDependenciesList(): string[];
  getProvider(): string;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getDeletedwith(): string;
  getIgnorechangesList(): string[];
  getReplaceonchangesList(): string[];
  getImportid(): string;
  getDeletebeforereplace(): boolean;
  getAdditionalsecretoutputsList(): string[];
  getCustomtimeouts(): { getCreate(): string } | undefined;
}

type Answer = (error: unknown, response?: { getUrn(): string }) => void;

/**
 * Runs a program against Pulumi's mock engine and writes down every registration.
 * @param options.preview - As in a first `pulumi preview`: outputs of resources are not known.
 * @param options.cloud - Who answers; default a cloud in which nothing is there yet.
 * @param options.registrations - Where they are written, for a program that throws.
 * @throws whatever the program throws.
 */
export async function record<T>(
  program: () => T | Promise<T>,
  options: { preview?: boolean; cloud?: Mocks; registrations?: Registration[] } = {},
): Promise<RecordedProgram<T>> {
  const { registrations = [] } = options;
  const outputs = new Map<string, unknown>();
  const preview = options.preview ?? false;
  const register = MockMonitor.prototype.registerResource;
  const registered = jest.spyOn(MockMonitor.prototype, "registerResource");
  registered.mockImplementation(function (this: MockMonitor, request: Request, answer: Answer) {
    return register.call(this, request, (error: unknown, response: { getUrn(): string }) => {
      if (!error) registrations.push(read(request, response.getUrn()));
      answer(error, response);
    });
  });
  const finish = MockMonitor.prototype.registerResourceOutputs;
  const finished = jest.spyOn(MockMonitor.prototype, "registerResourceOutputs");
  finished.mockImplementation(function (this: MockMonitor, request, answer) {
    outputs.set(request.getUrn(), request.getOutputs()?.toJavaScript());
    return finish.call(this, request, answer);
  });
  // What the program asks about the account, without the provider.
  const answer = async () => Response.json({ interfaces_for_new_linodes: "legacy_config_only" });
  const fetched = jest.spyOn(globalThis, "fetch").mockImplementation(answer);
  // Pulumi keeps a stack trace for each of some thousand promises; jest maps each frame back to its source.
  const frames = Error.stackTraceLimit;
  Error.stackTraceLimit = 2;
  try {
    await pulumi.runtime.setMocks(options.cloud ?? fakeCloud(preview), "mailstack", "test", preview, "organization");
    try {
      return { result: await program(), registrations, outputs };
    } finally {
      // Also where it throws: registrations under way would meet the next test's engine, which ends the whole run.
      await settled();
    }
  } finally {
    Error.stackTraceLimit = frames;
    registered.mockRestore();
    finished.mockRestore();
    fetched.mockRestore();
  }
}

/** Until every registration is through; there at runtime, left out of Pulumi's type declarations as internal. */
export function settled(): Promise<void> {
  return (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
}

/** The value of an output. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return (output as unknown as { promise(): Promise<T> }).promise();
}

/** Whether an input went to the engine as a secret. */
export function isSecret(input: unknown): boolean {
  return pulumi.runtime.isRpcSecret(input);
}

/** The plain value of an input. */
export function open(input: unknown): unknown {
  return pulumi.runtime.unwrapRpcSecret(input);
}

function read(request: Request, urn: string): Registration {
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    parent: request.getParent(),
    inputs: pulumi.runtime.deserializeProperties(request.getObject()) as Record<string, unknown>,
    dependencies: request.getDependenciesList(),
    provider: request.getProvider(),
    protect: request.getProtect(),
    retainOnDelete: request.getRetainondelete(),
    deletedWith: request.getDeletedwith(),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    importId: request.getImportid(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    createTimeout: request.getCustomtimeouts()?.getCreate() ?? "",
  };
}
