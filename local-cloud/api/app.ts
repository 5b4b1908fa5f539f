import type { FastifyInstance } from "fastify";

/** The server, or an encapsulated part of it. */
export type App = FastifyInstance;
